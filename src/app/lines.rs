//! The lines of the box: a relay for the amplifier, a lamp that says all is well, buttons.
//!
//! ```text
//! calls, voices, announcements ─> Relay ─> [gpio] relay      faults, once a second ─> [gpio] healthy
//! a button is pressed ─> its task ─> bell ─> poll_press
//! ```
//! A line that cannot be had is told once, shown in the status, and looked for again every half minute: a driver may come.
//! Nothing else waits for it, and no call depends on it.

use super::bell::Bell;
use crate::clock;
use crate::config::{self, Button, Gpio, Line, Press, Settings};
use crate::gpio::{Input, LineError, Output};
use crate::net;
use crate::paging::Relay;
use crate::status::{self, LineState, Role};
use crate::time::Instant;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::{Context, Poll};
use core::time::Duration;
use smol::{LocalExecutor, Task};
use std::collections::VecDeque;
use std::rc::Rc;

/// What the box switches and reads.
pub(super) struct Lines<'a> {
    pins: Rc<dyn Pins>,
    relay: Relay,
    relay_wire: Option<Wire>,
    lamp: Option<Wire>,
    /// When it is looked whether all is well.
    look_at: Instant,
    buttons: Vec<Watch>,
    presses: Rc<Presses>,
    executor: Rc<LocalExecutor<'a>>,
}

/// Where lines come from.
pub(super) trait Pins {
    /// Takes a line to drive it, off.
    fn output(&self, line: &Line) -> Result<Box<dyn Pin>, LineError>;
    /// Takes a line with a switch.
    fn input(&self, button: &Button) -> Result<Box<dyn Switch>, LineError>;
}

/// A line that is driven.
pub(super) trait Pin {
    fn set(&self, is_on: bool) -> Result<(), LineError>;
}

/// A line that is waited for.
pub(super) trait Switch {
    fn poll_closed(&self, context: &mut Context<'_>) -> Poll<Result<(), LineError>>;
}

/// Those of the kernel.
pub(super) struct Chips;

impl<'a> Lines<'a> {
    /// The lines of `settings`; `bell` is rung when [`poll_press`](Self::poll_press) has something to tell.
    pub(super) fn new(
        settings: &Settings,
        pins: Rc<dyn Pins>,
        executor: Rc<LocalExecutor<'a>>,
        bell: Rc<Bell>,
    ) -> Self {
        let mut lines = Self {
            pins,
            relay: Relay::new(Duration::ZERO, Duration::ZERO),
            relay_wire: None,
            lamp: None,
            look_at: Instant::ZERO,
            buttons: Vec::new(),
            presses: Rc::new(Presses { queue: RefCell::default(), bell }),
            executor,
        };
        lines.set_options(clock::now(), settings);
        lines
    }

    /// Does as `settings` say from now on. What they say as before goes on undisturbed.
    pub(super) fn set_options(&mut self, now: Instant, settings: &Settings) {
        let Gpio { relay, relay_lead, relay_lag, healthy } = &settings.gpio;
        // What a zone holds back is heard after its voice has ended.
        let held_back = settings.zones.iter().map(|zone| zone.delay).max().unwrap_or_default();
        self.relay.set_times(*relay_lead, *relay_lag + held_back);
        for (wire, wanted, key) in
            [(&mut self.relay_wire, relay, "[gpio] relay"), (&mut self.lamp, healthy, "[gpio] healthy")]
        {
            if wire.as_ref().map(|wire| &wire.line) != wanted.as_ref() {
                // The old line is given back first: the two may have changed places.
                *wire = None;
                *wire = wanted.clone().map(|line| Wire::new(key, line));
            }
        }
        if self.relay_wire.is_none() {
            self.relay.close();
        }
        self.buttons.retain(|watch| settings.buttons.contains(&watch.button));
        for button in &settings.buttons {
            if !self.buttons.iter().any(|watch| watch.button == *button) {
                self.buttons.push(self.watch(button.clone()));
            }
        }
        self.look_at = now;
        self.drive(now);
    }

    /// A sound is about to come; says from when on it is heard whole.
    pub(super) fn open(&mut self, now: Instant) -> Instant {
        if self.relay_wire.is_none() {
            return now;
        }
        let open_at = self.relay.open(now);
        self.drive(now);
        // Nobody waits for a relay that is not there.
        if self.relay_wire.as_ref().is_some_and(Wire::is_there) { open_at } else { now }
    }

    /// Whether there is something to hear, or about to be.
    pub(super) fn handle_sound(&mut self, now: Instant, sounds: bool) {
        if self.relay_wire.is_none() {
            return;
        }
        if sounds {
            self.relay.open(now);
        } else {
            self.relay.handle_quiet(now);
        }
        self.drive(now);
    }

    /// Whether [`set_healthy`](Self::set_healthy) wants to be told.
    pub(super) fn asks_health(&self, now: Instant) -> bool {
        self.lamp.is_some() && self.look_at <= now
    }

    /// Whether all is well.
    pub(super) fn set_healthy(&mut self, now: Instant, is_healthy: bool) {
        self.look_at = now + LOOK_EVERY;
        if let Some(lamp) = &mut self.lamp {
            lamp.drive(now, &*self.pins, is_healthy);
        }
    }

    /// The next button that was pressed.
    pub(super) fn poll_press(&self) -> Option<(String, Press)> {
        self.presses.queue.borrow_mut().pop_front()
    }

    /// When [`handle_sound`](Self::handle_sound) and [`set_healthy`](Self::set_healthy) want to be called at the latest.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let lamp = self.lamp.as_ref().map(|_| self.look_at);
        let lost = self.relay_wire.as_ref().and_then(Wire::look_at);
        [self.relay.poll_timeout(), lamp, lost].into_iter().flatten().min()
    }

    /// How the lines are.
    pub(super) fn status(&self) -> Vec<status::Line> {
        let outputs = [(&self.relay_wire, Role::Relay), (&self.lamp, Role::Healthy)];
        let outputs = outputs.into_iter().filter_map(|(wire, role)| Some(wire.as_ref()?.status(role)));
        outputs.chain(self.buttons.iter().map(Watch::status)).collect()
    }

    /// Everything off: the box ends.
    pub(super) fn stop(&mut self, now: Instant) {
        self.relay.close();
        self.drive(now);
        self.set_healthy(now, false);
    }

    fn drive(&mut self, now: Instant) {
        if let Some(wire) = &mut self.relay_wire {
            wire.drive(now, &*self.pins, self.relay.is_on());
        }
    }

    /// A task that waits for a button.
    fn watch(&self, button: Button) -> Watch {
        let (pins, presses) = (Rc::clone(&self.pins), Rc::clone(&self.presses));
        let state = Rc::new(ButtonState::default());
        let (of_task, asked) = (Rc::clone(&state), button.clone());
        let task = self.executor.spawn(async move {
            loop {
                let error = wait_for(&asked, &*pins, &of_task, &presses).await;
                of_task.switch.take();
                of_task.lose(&asked.name, error);
                net::sleep_until(clock::now() + LOOK_AGAIN).await;
            }
        });
        Watch { button, state, _task: task }
    }
}

/// Tells of every press, until the line is lost.
async fn wait_for(button: &Button, pins: &dyn Pins, state: &ButtonState, presses: &Presses) -> LineError {
    match pins.input(button) {
        Ok(switch) => *state.switch.borrow_mut() = Some(switch),
        Err(error) => return error,
    }
    state.find(&button.name);
    loop {
        if let Err(error) = poll_fn(|context| state.poll_closed(context)).await {
            return error;
        }
        state.presses.set(state.presses.get().saturating_add(1));
        presses.push(button);
    }
}

/// What buttons have to tell.
struct Presses {
    queue: RefCell<VecDeque<(String, Press)>>,
    bell: Rc<Bell>,
}

impl Presses {
    /// A press beyond [`MAX_PRESSES`] that nobody has looked at yet is one too many, and counted only.
    fn push(&self, button: &Button) {
        let mut queue = self.queue.borrow_mut();
        if let Some(press) = button.press.clone().filter(|_| queue.len() < MAX_PRESSES) {
            queue.push_back((button.name.clone(), press));
        }
        self.bell.ring();
    }
}

/// A button and who waits for it.
struct Watch {
    button: Button,
    state: Rc<ButtonState>,
    /// Dropped, it stops.
    _task: Task<()>,
}

impl Drop for Watch {
    /// Gives the line back at once: the relay may be about to take it. What the task holds is dropped only when its
    /// executor comes to it.
    fn drop(&mut self) {
        self.state.switch.take();
    }
}

#[derive(Default)]
struct ButtonState {
    switch: RefCell<Option<Box<dyn Switch>>>,
    presses: Cell<u64>,
    /// Why there is none.
    lost: RefCell<Option<LineError>>,
}

impl ButtonState {
    fn poll_closed(&self, context: &mut Context<'_>) -> Poll<Result<(), LineError>> {
        self.switch.borrow().as_ref().map_or(Poll::Pending, |switch| switch.poll_closed(context))
    }

    fn find(&self, name: &str) {
        let was_lost = self.lost.take().is_some();
        if was_lost {
            log::info!("[button {}]: its line is there now", name.escape_debug());
        }
    }

    fn lose(&self, name: &str, error: LineError) {
        let mut lost = self.lost.borrow_mut();
        if lost.as_ref() != Some(&error) {
            log::error!("[button {}]: {error}", name.escape_debug());
        }
        *lost = Some(error);
    }
}

impl Watch {
    fn status(&self) -> status::Line {
        let fault = self.state.lost.borrow().as_ref().map(ToString::to_string);
        status::Line {
            role: Role::Button,
            name: self.button.name.clone(),
            line: self.button.line.as_ref().map(ToString::to_string).unwrap_or_default(),
            state: if fault.is_some() { LineState::Missing } else { LineState::Ready },
            fault,
            presses: self.state.presses.get(),
        }
    }
}

/// A line that is driven, if it can be had.
struct Wire {
    /// What the log calls it.
    key: &'static str,
    line: Line,
    pin: Option<Box<dyn Pin>>,
    is_on: bool,
    /// Why there is none, and when it is looked for again.
    lost: Option<(LineError, Instant)>,
}

impl Wire {
    const fn new(key: &'static str, line: Line) -> Self {
        Self { key, line, pin: None, is_on: false, lost: None }
    }

    const fn is_there(&self) -> bool {
        self.pin.is_some()
    }

    fn look_at(&self) -> Option<Instant> {
        self.lost.as_ref().map(|(_, look_at)| *look_at)
    }

    /// Switches it, and takes it before if need be.
    fn drive(&mut self, now: Instant, pins: &dyn Pins, is_on: bool) {
        if self.pin.is_none() {
            if self.look_at().is_some_and(|look_at| look_at > now) {
                return;
            }
            match pins.output(&self.line) {
                Ok(pin) => self.find(pin),
                Err(error) => return self.lose(now, error),
            }
        }
        let Some(pin) = self.pin.as_ref().filter(|_| self.is_on != is_on) else { return };
        match pin.set(is_on) {
            Ok(()) => self.is_on = is_on,
            Err(error) => self.lose(now, error),
        }
    }

    fn find(&mut self, pin: Box<dyn Pin>) {
        (self.pin, self.is_on) = (Some(pin), false);
        if self.lost.take().is_some() {
            log::info!("{}: {} is there now", self.key, self.line);
        }
    }

    fn lose(&mut self, now: Instant, error: LineError) {
        self.pin = None;
        if self.lost.as_ref().is_none_or(|(known, _)| *known != error) {
            log::error!("{}: {error}", self.key);
        }
        self.lost = Some((error, now + LOOK_AGAIN));
    }

    fn status(&self, role: Role) -> status::Line {
        let state = match (&self.pin, self.is_on) {
            (None, _) => LineState::Missing,
            (Some(_), true) => LineState::On,
            (Some(_), false) => LineState::Off,
        };
        let fault = self.lost.as_ref().map(|(error, _)| error.to_string());
        status::Line { role, name: String::new(), line: self.line.to_string(), state, fault, presses: 0 }
    }
}

impl Pins for Chips {
    fn output(&self, line: &Line) -> Result<Box<dyn Pin>, LineError> {
        Ok(Box::new(Output::open(line)?))
    }

    fn input(&self, button: &Button) -> Result<Box<dyn Switch>, LineError> {
        let config::Button { line: Some(line), is_high, debounce, .. } = button else {
            return Err(LineError::NoChip);
        };
        Ok(Box::new(Input::open(line, *is_high, *debounce)?))
    }
}

impl Pin for Output {
    fn set(&self, is_on: bool) -> Result<(), LineError> {
        Self::set(self, is_on)
    }
}

impl Switch for Input {
    fn poll_closed(&self, context: &mut Context<'_>) -> Poll<Result<(), LineError>> {
        Self::poll_closed(self, context)
    }
}

/// How often it is looked whether all is well.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often a line that cannot be had is looked for.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// Presses that are kept for the box to look at.
const MAX_PRESSES: usize = 16;

#[cfg(test)]
mod tests;
