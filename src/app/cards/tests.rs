//! Cards that are made up, for tests of what is heard on them: what comes out of the rings to their threads.

use super::Cards;
use crate::app::serve::{Card, Rings};
use crate::app::sink::Sink;
use crate::config::Settings;
use crate::mix::{Command, Report, Voice, VoiceId, VoiceStats};
use heapless::spsc::{Consumer, Producer};
use std::rc::Rc;

/// The other end of a sink.
pub(in crate::app) struct Thread {
    commands: Consumer<'static, Command>,
    reports: Producer<'static, Report>,
    /// What it plays.
    pub(in crate::app) voices: Vec<(VoiceId, Box<Voice>)>,
}

/// The cards of `settings`, and their threads.
pub(in crate::app) fn made_up(settings: &Settings) -> (Rc<Cards<'static>>, Vec<Thread>) {
    let (mut sinks, mut threads) = (Vec::new(), Vec::new());
    for output in settings.outputs() {
        let rings = Box::leak(Box::new(Rings::new()));
        let card: &Card = Box::leak(Box::new(Card::new(output, settings)));
        let (to_thread, to_box) = (rings.commands.split(), rings.reports.split());
        sinks.push(Sink::new(to_thread.0, to_box.1, (&card.control, &card.output)));
        threads.push(Thread { commands: to_thread.1, reports: to_box.0, voices: Vec::new() });
    }
    (Rc::new(Cards::new(sinks, settings)), threads)
}

impl Thread {
    /// What it was told, in the words of `tell`, as far as that has any.
    pub(in crate::app) fn told<T>(&mut self, tell: impl Fn(&Command) -> Option<T>) -> Vec<T> {
        let mut told = Vec::new();
        while let Some(command) = self.commands.dequeue() {
            told.extend(tell(&command));
            if let Command::Attach { voice, source, .. } = command {
                self.voices.push((voice, source));
            }
        }
        told
    }

    /// It has played a voice to its end, and gives it back.
    pub(in crate::app) fn retire(&mut self, voice: VoiceId) {
        let place = self.voices.iter().position(|(id, _)| *id == voice).unwrap();
        let (voice, source) = self.voices.remove(place);
        self.reports.enqueue(Report::Retired { voice, source, stats: VoiceStats::default() }).unwrap();
    }
}
