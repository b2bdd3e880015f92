//! Where a voice is heard: in which zones of its sink, and how loud in each.
//!
//! A voice renders once, whatever its route. What it says is added to the buses of each zone where it is not mute, with
//! the gain that it has there. A gain never jumps: it is told with the time that the change may take.

use super::bus::{Buses, Sums};
use super::envelope::Gains;
use super::rise::Bus;
use super::zone::Zone;
use super::{BLOCK, BUS_BLOCK, MAX_ZONES};
use crate::dsp::Fade;
use crate::units::{Level, SampleRate};
use core::time::Duration;

/// How loud a voice is in each zone of a sink when it begins. Zones count from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Route([Level; MAX_ZONES]);

impl Route {
    /// In every zone, as loud as it is.
    pub const EVERYWHERE: Self = Self([Level::UNITY; MAX_ZONES]);
    /// In no zone.
    pub const NOWHERE: Self = Self([Level::MUTE; MAX_ZONES]);

    /// The same, but in `zone` so loud; a zone beyond [`MAX_ZONES`] is none.
    #[must_use]
    pub fn with(mut self, zone: usize, level: Level) -> Self {
        if let Some(own) = self.0.get_mut(zone) {
            *own = level;
        }
        self
    }

    /// How loud it is there.
    #[must_use]
    pub fn level(&self, zone: usize) -> Level {
        self.0.get(zone).copied().unwrap_or(Level::MUTE)
    }
}

/// The gains of one voice, zone by zone.
#[derive(Debug)]
pub(super) struct Faders(heapless::Vec<Fade, MAX_ZONES>);

impl Faders {
    /// Those of the first `zones` zones.
    pub(super) fn new(route: &Route, zones: usize) -> Self {
        let fade = |&level: &Level| Fade::new(SampleRate::HZ_16000, level);
        Self(route.0.iter().take(zones).map(fade).collect())
    }

    /// Is so loud in `zone` when `time` is over.
    pub(super) fn set(&mut self, zone: usize, level: Level, time: Duration) {
        if let Some(fade) = self.0.get_mut(zone) {
            fade.set(level, time);
        }
    }

    /// How loud it is where it is loudest, behind the volume of each zone.
    pub(super) fn loudest(&self, zones: &[Zone]) -> f32 {
        self.0.iter().zip(zones).map(|(fade, zone)| fade.gain() * zone.gain()).fold(0.0, f32::max)
    }

    /// A block is behind.
    pub(super) fn advance(&mut self) {
        for fade in self.0.iter_mut().filter(|fade| !fade.is_settled()) {
            fade.advance(FRAMES);
        }
    }
}

/// What a voice adds to: the zones of its route.
pub(super) struct Outlet<'a> {
    pub(super) zones: &'a mut [Zone],
    pub(super) faders: &'a Faders,
}

impl Sums for Outlet<'_> {
    fn add(&mut self, bus: Bus, block: &[f32]) {
        for (zone, fade) in self.zones.iter_mut().zip(&self.faders.0) {
            if fade.is_unity() {
                zone.buses.add(bus, block);
            } else if !fade.is_mute() {
                add_faded(fade, bus, block, &mut zone.buses);
            }
        }
    }
}

fn add_faded(fade: &Fade, bus: Bus, block: &[f32], buses: &mut Buses) {
    let mut faded = [0.0; BLOCK];
    let faded = &mut faded[..block.len()];
    faded.copy_from_slice(block);
    Gains::of(fade).apply(faded);
    buses.add(bus, faded);
}

impl Gains {
    /// Those of a block.
    fn of(fade: &Fade) -> Self {
        if fade.is_settled() {
            return Self::Steady(fade.gain());
        }
        let mut curve = [0.0; BUS_BLOCK];
        fade.write(&mut curve);
        Self::Curve(fade.gain(), curve)
    }
}

/// Of a block, at 16 kHz.
const FRAMES: u32 = 40;

const _: () = assert!(FRAMES as usize == BUS_BLOCK);
