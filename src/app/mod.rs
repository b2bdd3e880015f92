//! Composition: what joins cores and edges into a box, and what the command line asks for.
//!
//! - `serve` brings the box up: sockets, rings, the audio thread; `service` is the box at work, fed by `inbox` and
//!   heard through `post`; `connections` are those of SIP over TCP. Its `rig` has all of it in virtual time, for tests.
//! - `media` and `stream` are the media of a call, with keys that come `inband`; `back` is the way back to the caller, and `legs`
//!   lead there; `sink` is the executor's end of the rings to the audio thread.
//! - `phone` is what callers do with keys, and `prompt` what they hear of it.
//! - `caller` places pages (`paging call`): `target` is whom it calls, `call_schedule` says when; `call_media` is what is
//!   offered and said: `sound` and `speech`, cut into `call_stream`s with `call_faults`, sent by the `talker`;
//!   `call_score` is how it went.
//! - `floor` and `cards` have everything heard where it should be and nowhere else.
//! - `announcements` say aloud what is wrong, `say_status` what is asked for; `recite` makes sound of words.
//! - `recorder` has a caller recorded instead of heard.
//! - `terms` are those of a call: where it is heard, and what before it; `beeps` are what its caller is told.
//! - `reading` are sound files, read ahead of time.
//! - `klaxon` makes the chimes ready that are heard before a page and after it.
//! - `music` are the players of music between pages.
//! - `playback` is what the box plays at a word: stored announcements, the emergency, what is brought to it at the
//!   `control_socket` by a `play_visit`, on a [`play_arguments`] line.
//! - `configuration` reads files, environment and `--set`, and `reload` has them read again; `configure` checks and prints
//!   them; [`arguments`] is the command line.
//! - `boot` makes the files of the card image's tools, once, before anything else runs there.
//! - `confine` has the process give up what it does not need.
//! - `mdns` has the box found in its network.
//! - `lines` are relay, lamp and buttons.
//! - `log` writes log lines as far as `log_levels` let them, and `syslog` sends them; `throttle` says how many the
//!   network may cause; `strangers` tells of those who may not call; `vicinity` looks up the networks of the box.
//! - `entrance` is where programs on the same machine come in, to ask or to be heard.
//! - `outlook` is what the box shows of itself to the machine: `status_socket` answers `paging status`, `notify` tells the
//!   service manager, `tidings` the guard. `status_visit` is the one who asks, on a [`status_arguments`] line, and draws a page in a `terminal`.
//! - `guard` is the root process of the card image, on the line of its `guard_arguments`; `guard_card` writes, in the thread of a
//!   `guard_writer`, and `guard_disk` knows where.
//! - A `mailbox` holds what tasks have to tell a part of the box, and a `bell` wakes the service for it.
//! - `accounts` registers the box: each `line` is one account, with servers that `lookup` finds.

mod accounts;
mod announcements;
pub mod arguments;
mod back;
mod beeps;
mod bell;
mod boot;
mod boot_arguments;

mod call_arguments;
mod call_console;
mod call_error;
mod call_faults;
mod call_histogram;
mod call_media;
mod call_progress;
mod call_rate;
mod call_schedule;
mod call_score;
mod call_stream;
mod caller;
mod cards;
mod config_arguments;
mod configuration;
mod configure;
mod confine;
mod connection;
mod connections;
mod control_socket;
mod entrance;
mod floor;
mod guard;
mod guard_arguments;
mod guard_card;
mod guard_disk;
mod guard_writer;
mod inband;
mod inbox;
mod klaxon;
mod legs;
mod line;
mod lines;
mod listing;
mod log;
mod log_levels;
mod lookup;
mod mailbox;
mod mdns;
mod media;
mod music;
mod notify;
mod open_files;
mod outlook;
mod phone;
pub mod play_arguments;
mod play_visit;
mod playback;
mod post;
mod prompt;
mod reading;
mod recite;
mod recorder;
mod reload;
mod say_status;
mod serve;
mod service;
#[cfg(test)]
pub(crate) use service::rig;
mod sink;
mod sound;
mod speech;
pub mod status_arguments;
mod status_socket;
mod status_visit;
mod strangers;
mod stream;
mod syslog;
mod talker;
mod target;
mod terminal;
mod terms;
mod throttle;
mod tidings;
mod vicinity;

use crate::{files, output, process};
use arguments::{CALL_HELP, CONFIG_HELP, Command, Configuration, HELP, PLAY_HELP, PageCall, UsageError};
use status_arguments::{STATUS_HELP, StatusQuery};
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

/// Does what the command line asks for.
#[must_use]
pub fn run(command: Command) -> ExitCode {
    process::end_on_panics(files::is_contained);
    match command {
        Command::Run(configuration) => run_box(&configuration),
        Command::Devices => listing::devices(),
        Command::Call(page) => place(*page),
        Command::Check(configuration) => configure::check(&configuration),
        Command::Config(shown, configuration) => configure::show(shown, &configuration),
        Command::SayStatus(ask) => say_status::say_status(ask),
        Command::Status(query) => ask(&query),
        Command::Play(visit) => play_visit::play(&visit),
        Command::Stop(target) => play_visit::stop(&target),
        Command::Boot(what) => boot::boot(&what),
        Command::Guard(post) => guard::guard(&post),
        Command::StatusHelp => print(STATUS_HELP),
        Command::PlayHelp => print(PLAY_HELP),
        Command::Help => print(HELP),
        Command::CallHelp => print(CALL_HELP),
        Command::ConfigHelp => print(CONFIG_HELP),
        Command::Version => print(concat!("paging ", env!("CARGO_PKG_VERSION"), "\n")),
    }
}

/// Says what is wrong with the command line.
#[must_use]
pub fn usage(error: &UsageError) -> ExitCode {
    complain(error);
    complain(&"paging --help shows how to use it");
    ExitCode::from(EX_USAGE)
}

fn run_box(configuration: &Configuration) -> ExitCode {
    output::rt::one_arena();
    let read = match configuration::read(configuration) {
        Ok(read) => read,
        Err(error) => {
            complain(&error);
            return ExitCode::from(EX_NOINPUT);
        }
    };
    // Before the first thread, which is that of the log.
    let confined = confine::Confined::enter(configuration, &read.loaded.settings);
    if let Err(error) = log::configure(&read.loaded.settings.log) {
        complain(&format_args!("the log is not whole: {error}"));
    }
    confined.tell();
    read.report();
    read.tell_of_the_card();
    let code = match serve::serve(configuration, read) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::say(&error);
            ExitCode::from(EX_UNAVAILABLE)
        }
    };
    log::flush();
    code
}

fn place(page: PageCall) -> ExitCode {
    match caller::place(page) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn ask(query: &StatusQuery) -> ExitCode {
    status_visit::ask(query).unwrap_or_else(|error| {
        complain(&error);
        ExitCode::from(error.exit_code())
    })
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(EX_IOERR),
    }
}

fn complain(what: &dyn Display) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(io::stderr(), "paging: {what}");
}

/// The command line has no meaning (sysexits.h).
const EX_USAGE: u8 = 64;
/// A configuration has mistakes.
const EX_DATAERR: u8 = 65;
/// An input file is missing or no sound.
const EX_NOINPUT: u8 = 66;
/// A name that nobody knows.
const EX_NOHOST: u8 = 68;
/// The other end, or an address, is not to be had.
const EX_UNAVAILABLE: u8 = 69;
/// Output cannot be written.
const EX_IOERR: u8 = 74;
