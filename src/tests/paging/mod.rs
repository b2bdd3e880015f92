//! The rules of paging, each a file that is named as the rule: whole behaviours, heard at a [`site`](super::site).
//!
//! Levels are dBFS: a caller who talks, and music, are tones at [`TALK`]. Times are milliseconds.

mod a_delayed_page_is_heard_when_it_is_sent;
mod a_delayed_page_keeps_its_place;
mod a_long_page_is_warned_before_it_ends;
mod a_negative_padding_answers_before_the_chime_ends;
mod a_silent_page_is_told;
mod a_stream_that_dies_falls_back_to_the_next_source;
mod a_zone_with_delay_is_heard_later;
mod an_emergency_repeats_until_it_is_cancelled;
mod announcements_and_pages_follow_one_another;
mod at_night_everything_but_an_emergency_is_softer;
mod callers_are_mixed_where_nobody_holds;
mod callers_of_one_zone_are_heard_one_after_the_other;
mod music_returns_only_after_the_last_call;
mod nothing_lower_is_loud_while_something_higher_plays;
mod nothing_makes_an_emergency_softer;
mod the_chime_is_of_the_caller_the_account_or_the_zone;
mod the_fade_out_ends_when_the_chime_starts;
mod three_wrong_pins_lock_out;
mod what_finds_no_room_is_heard_later;
mod who_is_gone_while_he_waits_keeps_nobody_waiting;
mod who_is_not_heard_is_told_so;
mod who_waits_is_not_heard_when_the_box_stops;
mod whoever_just_talks_pages_the_default;

/// How loud a caller is who talks, and how loud music is.
const TALK: f64 = -12.0;
/// What is no louder is not heard.
const UNHEARD: f64 = -60.0;
/// Two zones of one card.
const TWO_ZONES: &str = "[zone hall]\nchannels = 1\n[zone yard]\nchannels = 2\n";

/// Whether two levels are the same, to half a decibel.
fn alike(one: f64, other: f64) -> bool {
    (one - other).abs() < 0.5
}

/// Whether two times are the same, to two periods of the card.
fn at(time: Option<u64>, expected: u64) -> bool {
    time.is_some_and(|time| time.abs_diff(expected) <= 10)
}
