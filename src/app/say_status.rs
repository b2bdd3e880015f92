//! `paging say-status`: the state of this machine, its configuration and, where a box runs, its accounts, aloud, on the cards
//! that the box would play on.

use super::announcements::{NOTICE, mistakes, own_address};
use super::arguments::SayStatus;
use super::cards::{Cards, Said};
use super::serve::{Card, Rings, named};
use super::sink::Sink;
use super::{EX_NOINPUT, EX_UNAVAILABLE, complain, configuration, log, print, recite, status_visit};
use crate::clock;
use crate::config::{self, LogLevel, Settings};
use crate::mix::{Recital, VoiceId};
use crate::output::{self, RingedMixer};
use crate::speech::{Fault, Script, Trouble};
use crate::status::{self, Reason};
use crate::units::Level;
use core::fmt;
use core::time::Duration;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use std::thread;

/// Says it, and prints what is said.
pub(super) fn say_status(ask: SayStatus) -> ExitCode {
    let read = match configuration::read(&ask.configuration) {
        Ok(read) => read,
        Err(error) => {
            complain(&error);
            return ExitCode::from(EX_NOINPUT);
        }
    };
    // The audio threads tell what is wrong with their cards.
    let warnings = config::Log { level: LogLevel::Warn, levels: Vec::new(), syslog: None };
    if let Err(error) = log::configure(&warnings) {
        complain(&format_args!("no log: {error}"));
    }
    let accounts = read.loaded.settings.status.socket.as_deref().map(of_accounts).unwrap_or_default();
    let faults: Vec<_> = mistakes(&read.mistakes()).into_iter().chain(accounts).collect();
    let script = Script::of_status(own_address(), &faults);
    let mut settings = read.loaded.settings;
    if let Some(device) = ask.device {
        settings.audio.device = device;
        settings.zones.clear();
    }
    let printed = print(&format!("{script}\n"));
    let level = settings.audio.volume_call.unwrap_or(Level::UNITY);
    let said = play(&settings, &recite::recital(&script, level));
    log::flush();
    match said {
        Ok(()) => printed,
        Err(error) => {
            complain(&error);
            ExitCode::from(EX_UNAVAILABLE)
        }
    }
}

/// What is wrong with the accounts of the box that is asked at `path`; of one that does not run nothing is known.
fn of_accounts(path: &Path) -> Vec<Fault> {
    match status_visit::look(path) {
        Ok((_, status)) => status.faults.iter().filter_map(of_account).collect(),
        Err(error) => {
            complain(&format_args!("{error}; nothing is said of registrations"));
            Vec::new()
        }
    }
}

fn of_account(fault: &status::Fault) -> Option<Fault> {
    let status::Fault::NotRegistered { account, failure } = fault else { return None };
    let user = account.split('@').next().unwrap_or_default().to_owned();
    Some(Fault::NotRegistered { user, trouble: trouble(failure.reason) })
}

const fn trouble(reason: Reason) -> Trouble {
    match reason {
        Reason::Pending | Reason::Other => Trouble::Unknown,
        Reason::NoServer => Trouble::NotFound,
        Reason::NoAnswer | Reason::Unreachable | Reason::Unavailable => Trouble::NoAnswer,
        Reason::WrongPassword => Trouble::WrongPassword,
        Reason::UnknownProof | Reason::Forbidden | Reason::Refused => Trouble::Refused,
    }
}

/// Plays `recital` on all cards to its end.
pub(super) fn play(settings: &Settings, recital: &Recital) -> Result<(), Unsaid> {
    let cards: Vec<_> = settings.outputs().into_iter().map(|output| Card::new(output, settings)).collect();
    let mut rings: Vec<_> = cards.iter().map(|_| Rings::new()).collect();
    let ends = cards.iter().zip(&mut rings);
    thread::scope(|scope| {
        let outcome = (|| {
            let mut sinks = Vec::with_capacity(cards.len());
            for (card, rings) in ends {
                let (commands, reports) = (rings.commands.split(), rings.reports.split());
                let engine = RingedMixer::new(card.mixer(settings), commands.1, reports.0);
                let run = || output::run(&card.setup, &card.control, engine);
                named("audio").spawn_scoped(scope, run).map_err(Unsaid::Thread)?;
                sinks.push(Sink::new(commands.0, reports.1, (&card.control, &card.output)));
            }
            recite(&Rc::new(Cards::new(sinks, settings)), recital)
        })();
        for card in &cards {
            card.control.stop();
        }
        outcome
    })
}

fn recite(cards: &Rc<Cards<'_>>, recital: &Recital) -> Result<(), Unsaid> {
    let opened_by = clock::now() + PATIENCE;
    while !cards.is_audible() {
        if clock::now() > opened_by {
            return Err(Unsaid::NoCard);
        }
        clock::sleep_until(clock::now() + TURN);
    }
    let now = clock::now();
    let hold = cards.claim(now, NOTICE, now);
    cards.wake(hold.zones());
    if cards.attach_recital(VoiceId(0), recital, &hold) != Said::Begun {
        return Err(Unsaid::NoCard);
    }
    while cards.voices() > 0 {
        while cards.poll().is_some() {}
        clock::sleep_until(clock::now() + TURN);
    }
    // A card that was pulled out meanwhile has been played to all the same.
    if cards.is_audible() { Ok(()) } else { Err(Unsaid::NoCard) }
}

/// Why nothing was heard.
#[derive(Debug)]
pub(super) enum Unsaid {
    /// No card plays.
    NoCard,
    /// The machine refused an audio thread.
    Thread(io::Error),
}

impl fmt::Display for Unsaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCard => f.write_str(
                "no sound card to say it on; a box that runs keeps its card for itself, --device names another one",
            ),
            Self::Thread(error) => write!(f, "no audio thread: {error}"),
        }
    }
}

/// A card that does not open within this is not there.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is looked how far the recital is.
const TURN: Duration = Duration::from_millis(20);
