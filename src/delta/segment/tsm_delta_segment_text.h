/*-------------------------------------------------------------------------
 *
 * tsm_delta_segment_text.h
 *	  Private to segment/: values that go into blocks as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_SEGMENT_TEXT_H
#define TSM_DELTA_SEGMENT_TEXT_H

#include "tsm_delta_segment.h"

/* Whether the bytes of values hold OIDs that another database has otherwise. */
extern bool tsm_segment_goes_as_text(Oid type);

/* Whether what is kept of values of the type can be read again, whatever is dropped or renamed and wherever a dump is restored. */
extern bool tsm_segment_can_keep(Oid type);

typedef bool (*TsmSegmentTypeTest) (Oid type, void *arg);

/* Whether the test holds for a type that values of the type are made of (elements, attributes, bounds, below a domain); not for itself. */
extern bool tsm_segment_type_contains(Oid type, TsmSegmentTypeTest test, void *arg);

/* Wait for changes of a type, and what it is made of, that its text would not survive; no more come before the end of the transaction. */
extern void tsm_segment_lock_type(Oid type);

/* Prepare to write, or to read, values of a type, or below the domain; in a context that stays. */
extern void tsm_segment_text_output(TsmSegmentText *how, Oid type);
extern void tsm_segment_text_input(TsmSegmentText *how, Oid type);

/* The text of a value, under the settings of tsm_segment_fix_settings, which the caller has made. */
extern char *tsm_segment_write_text(TsmSegmentText *how, Datum value);

/* The value of a text; constraints of a domain are not looked at: the value was good once. */
extern Datum tsm_segment_read_text(TsmSegmentText *how, char *string, int32 typmod);

#endif							/* TSM_DELTA_SEGMENT_TEXT_H */
