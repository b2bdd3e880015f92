//! Cards of every number of channels, format and rate.

use core::time::Duration;

use pagingbox::config::{Device, Span};
use pagingbox::output::{Control, DeviceNews, Others, Setup, State};

use crate::record::FORMATS;
use crate::tones::{FRAMES, Take, Tones, takes};
use crate::{card, play_on, until};

/// Each with what it plays 1 kHz at -2 dBFS with: its own noise, and at 44.1 kHz what the conversion adds.
const REST_DB: [[f64; 2]; 4] = [[-95.0, -78.0], [-130.0, -78.0], [-130.0, -78.0], [-130.0, -78.0]];

#[test]
fn what_is_rendered_is_played_on_every_card() {
    let name = "cards::what_is_rendered_is_played_on_every_card";
    card::in_child_with(
        name,
        |_| all().map(Card::pcm).collect(),
        |dir| {
            let cards: Vec<_> = all().collect();
            for some in cards.chunks(8) {
                std::thread::scope(|scope| {
                    for card in some {
                        scope.spawn(|| card.play());
                    }
                });
            }
            let takes = takes(dir);
            for card in cards {
                card.check(takes.iter().find(|take| card.is(take)).unwrap());
            }
        },
    );
}

/// A card that knows one way to be used.
#[derive(Clone, Copy, Debug)]
struct Card {
    format: usize,
    channels: usize,
    rate_hz: u64,
}

fn all() -> impl Iterator<Item = Card> {
    let channels = |format| [1, 2, 6, 8].map(|channels| (format, channels));
    let cards = (0..4).flat_map(channels);
    cards.flat_map(|(format, channels)| [48_000, 44_100].map(|rate_hz| Card { format, channels, rate_hz }))
}

impl Card {
    fn name(self) -> String {
        let Self { format, channels, rate_hz } = self;
        format!("card_{}_{channels}_{rate_hz}", FORMATS[format])
    }

    fn pcm(self) -> String {
        let Self { format, channels, rate_hz } = self;
        let (name, format) = (self.name(), FORMATS[format]);
        format!(
            "pcm.{name} {{ type vclock  rate {rate_hz}  channels {channels}  formats \"{format}\"  hint {{ show off }} }}\n"
        )
    }

    /// Far ahead, so that a busy machine does not matter: what is tested is what is played.
    fn play(self) {
        let control = Control::new();
        let setup = Setup {
            device: Device::Pcm(self.name()),
            channels: self.channels,
            others: Others::Silent,
            period: Span::Time(Duration::from_millis(100)),
            buffer: Span::Time(Duration::from_secs(1)),
        };
        play_on(&setup, &mut Tones::new(self.channels), &control, || {
            until("it has fallen silent", || control.state() == State::Idle);
        });
        assert_eq!((control.xruns(), control.opened()), (0, 1), "{self:?}");
        let Some(DeviceNews::Found(found)) = control.poll_news() else { panic!("{self:?}") };
        assert_eq!((found.name, found.format), (self.name(), Some(FORMATS[self.format])));
        assert_eq!((found.channels, u64::from(found.rate_hz)), (self.channels, self.rate_hz));
        assert!(found.latency > Duration::from_millis(100), "{:?}", found.latency);
    }

    fn is(self, take: &Take) -> bool {
        let hardware = take.hardware;
        (hardware.format, hardware.channels, hardware.rate_hz) == (self.format, self.channels, self.rate_hz)
    }

    fn check(self, take: &Take) {
        assert_eq!(take.xruns, 0, "{self:?}");
        let rest_db = REST_DB[self.format][usize::from(self.rate_hz == 44_100)];
        for channel in 0..self.channels {
            let heard = take.heard(channel, channel);
            let is_right = heard.level_db.abs() < 0.02 && heard.ppm.abs() < 1.0 && heard.rest_db < rest_db;
            assert!(is_right, "{self:?}, channel {channel}: {heard:?}");
        }
        let frames = FRAMES * usize::try_from(self.rate_hz).unwrap() / 48_000;
        // The first sample of a sine is silence, and the conversion rings on for half a millisecond.
        assert!((frames - 2..frames + 32).contains(&take.sounding_frames()), "{self:?}");
    }
}

#[test]
fn the_best_way_to_use_a_card_is_taken() {
    let name = "cards::the_best_way_to_use_a_card_is_taken";
    card::in_child_with(
        name,
        |_| CHOICES.iter().map(Choice::pcm).collect(),
        |dir| {
            for choice in CHOICES {
                choice.open();
            }
            let takes = takes(dir);
            assert_eq!(takes.len(), CHOICES.len());
            for (choice, take) in CHOICES.iter().zip(&takes) {
                let hardware = take.hardware;
                let used = (FORMATS[hardware.format], hardware.channels, hardware.rate_hz);
                assert_eq!(used, choice.used, "{}", choice.can);
            }
        },
    );
}

/// A card, and how it is used.
struct Choice {
    name: &'static str,
    can: &'static str,
    /// Channels that the zones have; none of them: all of the card.
    zones: Option<usize>,
    used: (&'static str, usize, u64),
}

#[rustfmt::skip]
const CHOICES: &[Choice] = &[
    Choice { name: "able", can: "formats \"S16_LE S24_LE S24_3LE S32_LE FLOAT_LE\"", zones: None, used: ("S32_LE", 2, 48_000) },
    Choice { name: "usb24", can: "formats \"S16_LE S24_3LE\"  rates \"44100 48000 96000\"  channels 2", zones: None, used: ("S24_3LE", 2, 48_000) },
    Choice { name: "float", can: "formats \"S24_LE FLOAT_LE\"", zones: Some(1), used: ("FLOAT_LE", 2, 48_000) },
    Choice { name: "cd", can: "rates \"22050 44100\"", zones: None, used: ("S16_LE", 2, 44_100) },
    Choice { name: "mono", can: "channels 1", zones: None, used: ("S16_LE", 1, 48_000) },
    Choice { name: "surround", can: "channels_list \"2 6 8\"", zones: Some(5), used: ("S16_LE", 6, 48_000) },
    Choice { name: "wide", can: "channels 8", zones: None, used: ("S16_LE", 8, 48_000) },
    Choice { name: "narrow", can: "channels_list \"1 2\"", zones: Some(6), used: ("S16_LE", 2, 48_000) },
];

impl Choice {
    fn pcm(&self) -> String {
        format!("pcm.{} {{ type vclock  {}  hint {{ show off }} }}\n", self.name, self.can)
    }

    /// Plays silence, so that there is a recording.
    fn open(&self) {
        let control = Control::new();
        let setup = Setup {
            device: Device::Pcm(self.name.to_owned()),
            channels: self.zones.unwrap_or(1),
            others: if self.zones.is_some() { Others::Silent } else { Others::Repeat },
            period: Span::Auto,
            buffer: Span::Auto,
        };
        play_on(&setup, &mut Tones::silent(setup.channels), &control, || {
            until("it is open", || control.state() == State::Idle);
        });
    }
}

#[test]
fn channels_of_no_zone_are_silent_and_a_single_zone_is_on_all() {
    let name = "cards::channels_of_no_zone_are_silent_and_a_single_zone_is_on_all";
    let pcm = "pcm.eight { type vclock  rate 44100  channels 8  hint { show off } }\n";
    card::in_child_with(
        name,
        |_| pcm.to_owned(),
        |dir| {
            for (channels, others) in [(2, Others::Silent), (1, Others::Repeat)] {
                let control = Control::new();
                let device = Device::Pcm("eight".to_owned());
                let (period, buffer) = (Span::Time(Duration::from_millis(50)), Span::Auto);
                let setup = Setup { device, channels, others, period, buffer };
                play_on(&setup, &mut Tones::new(channels), &control, || {
                    until("it has fallen silent", || control.state() == State::Idle);
                });
            }
            let [zones, everywhere] = takes(dir).try_into().unwrap_or_else(|_| panic!("two openings"));
            assert!((0..2).all(|channel| zones.heard(channel, channel).level_db.abs() < 0.02));
            assert!((2..8).all(|channel| zones.peak(channel) == 0.0));
            assert!((0..8).all(|channel| everywhere.heard(channel, 0).level_db.abs() < 0.02));
        },
    );
}

#[test]
fn a_card_of_the_other_rate_is_fed_as_tightly() {
    let name = "cards::a_card_of_the_other_rate_is_fed_as_tightly";
    let pcm = "pcm.cd { type vclock  rate 44100  channels 2  hint { show off } }\n";
    card::in_child_with(
        name,
        |_| pcm.to_owned(),
        |dir| {
            let control = Control::new();
            let (device, others) = (Device::Pcm("cd".to_owned()), Others::Silent);
            let setup = Setup { device, channels: 2, others, period: Span::Auto, buffer: Span::Auto };
            play_on(&setup, &mut Tones::new(2), &control, || {
                until("it sounds", || control.state() == State::Awake);
                until("it is fed in short periods", || control.queue() <= Duration::from_millis(10));
                until("it has fallen silent", || control.state() == State::Idle);
            });
            assert_eq!((control.xruns(), control.opened(), takes(dir)[0].xruns), (0, 1, 0));
        },
    );
}
