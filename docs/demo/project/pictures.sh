# The pictures of the story; sourced by tell, in the directory of their rows.
heading "The picture in time" "A bar is a version, a lane a row. Above: files. Below: a clock before and after its correction."
perl "$demo/picture.pl" timeline timeline_rows.tsv "$pictures/timeline.svg" "What was known when, and of when"
heading "The picture in space" "All places of the time-zone database, and which clocks changed nearest to Beirut in April 2023."
perl "$demo/picture.pl" map map_rows.tsv "$pictures/map.svg" "Places, and the clocks they keep" "hours from UTC"
