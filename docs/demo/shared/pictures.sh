# The pictures of the story; sourced by tell, in the directory of their rows.
heading "The picture in time" "A bar is a version, a lane a row. Below: one row's valid time, as it was known on two days."
perl "$demo/picture.pl" timeline timeline_rows.tsv "$pictures/timeline.svg" "What was known when, and of when"
heading "The picture in space" "Earthquakes of magnitude 5 and more, 1960 to 1969."
perl "$demo/picture.pl" map map_rows.tsv "$pictures/map.svg" "Earthquakes of the 1960s" "magnitude"
