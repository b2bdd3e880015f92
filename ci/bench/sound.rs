//! What a listener hears of speech that comes over a bad network: a WAV file in, a WAV file out, in virtual time.
//!
//! ```text
//! cargo run --release --example sound -- SPEECH.wav HEARD.wav [--loss PERCENT] [--burst PACKETS] [--reorder PERCENT]
//!     [--jitter MS] [--ppm MILLIONTHS] [--switch SECONDS] [--hold SECONDS] [--ptime MS] [--lead MS]
//!     [--seed NUMBER]
//! ```
//!
//! The speech is sent as PCMU through a network with faults to a receiver and a mixer, whose sink asks for two blocks at
//! a time. What was heard has the rate of the speech. `ci/bench/sound.py` judges it. After a lead of silence it is known
//! what the network is like when the speech begins.
#![expect(clippy::print_stdout, reason = "it says how the voice fared")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "samples and times of a minute of speech"
)]

use pagingbox::codec::Codec;
use pagingbox::dsp::convert;
use pagingbox::files;
use pagingbox::mix::{
    BLOCK, BLOCK_TIME, Command, Format, Media, Mixer, Report, Route, Voice, VoiceConfig, VoiceId,
};
use pagingbox::rtp::{DelayRange, Kind, PayloadFormat, Receiver, ReceiverConfig, Sender, Source};
use pagingbox::time::Instant;
use pagingbox::units::{Level, SampleRate};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let faults = Faults::from_arguments()?;
    let clip = files::decode(&faults.speech)?;
    let speech = convert(&clip.samples, clip.rate, SampleRate::HZ_8000)?;
    let speech = [vec![0.0; 8 * faults.lead], speech].concat();
    let wire = faults.send(&speech);
    let heard = listen(wire);
    let heard = convert(&heard, SampleRate::HZ_48000, clip.rate)?;
    std::fs::write(&faults.heard, wav(&heard, clip.rate))?;
    Ok(())
}

/// What the network does, and where the speech is.
#[derive(Debug, Default)]
struct Faults {
    speech: PathBuf,
    heard: PathBuf,
    loss: f64,
    burst: usize,
    reorder: f64,
    jitter: f64,
    ppm: f64,
    switch: f64,
    hold: f64,
    ptime: usize,
    lead: usize,
    seed: u64,
}

impl Faults {
    fn from_arguments() -> Result<Self, Box<dyn Error>> {
        let mut arguments = std::env::args().skip(1);
        let mut file =
            || arguments.next().map(PathBuf::from).ok_or("expected SPEECH.wav HEARD.wav [--FAULT NUMBER]…");
        let mut faults =
            Self { speech: file()?, heard: file()?, burst: 1, ptime: 20, seed: 1, ..Self::default() };
        while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
            match name.as_str() {
                "--loss" => faults.loss = value.parse()?,
                "--burst" => faults.burst = value.parse()?,
                "--reorder" => faults.reorder = value.parse()?,
                "--jitter" => faults.jitter = value.parse()?,
                "--ppm" => faults.ppm = value.parse()?,
                "--switch" => faults.switch = value.parse()?,
                "--hold" => faults.hold = value.parse()?,
                "--ptime" => faults.ptime = value.parse()?,
                "--lead" => faults.lead = value.parse()?,
                "--seed" => faults.seed = value.parse()?,
                _ => return Err(format!("no such fault: {name}").into()),
            }
        }
        Ok(faults)
    }

    /// The datagrams that arrive, and when.
    fn send(&self, speech: &[f32]) -> BTreeMap<(Instant, usize), Vec<u8>> {
        let mut dice = Dice(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut sender = Sender::new(1, 0);
        let mut wire = BTreeMap::new();
        let mut lost = 0;
        let ticks = 8 * self.ptime;
        for (number, speech) in speech.chunks(ticks).enumerate() {
            let sent_ms = (number * self.ptime) as f64 * (1.0 - self.ppm * 1e-6);
            if self.switch > 0.0
                && sent_ms >= self.switch * 1e3
                && sender.next_header().ssrc == Sender::new(1, 0).next_header().ssrc
            {
                sender = Sender::new(2, 0);
            }
            let mut payload = vec![0; ticks];
            Codec::Pcmu.encoder().encode(speech, &mut payload);
            let mut datagram = vec![0; 12 + ticks];
            let written = sender.write(&payload, ticks as u32, &mut datagram);
            datagram.truncate(written.unwrap_or(0));
            if lost == 0 && number > 0 && dice.percent() < self.loss / self.burst as f64 {
                lost = self.burst;
            }
            let mut late_ms = self.jitter * dice.percent() / 100.0;
            if dice.percent() < self.reorder {
                late_ms += 1.25 * self.ptime as f64;
            }
            let held = self.hold > 0.0 && (self.hold * 1e3..self.hold * 1e3 + 150.0).contains(&sent_ms);
            let arrival_ms = if held { self.hold * 1e3 + 150.0 } else { sent_ms + late_ms };
            if lost > 0 {
                lost -= 1;
                continue;
            }
            let arrival = Instant::from_micros((1e3 * (START_MS + arrival_ms)) as u64);
            wire.insert((arrival, number), datagram);
        }
        wire
    }
}

/// All that is heard, at 48 kHz.
fn listen(mut wire: BTreeMap<(Instant, usize), Vec<u8>>) -> Vec<f32> {
    let formats = heapless::Vec::from_iter([Format { payload_type: 0, codec: Codec::Pcmu }]);
    let config = VoiceConfig { formats, delay: DelayRange::default(), level: Level::UNITY };
    let mut mixer = Mixer::new(1, 1);
    mixer.handle_command(
        Instant::ZERO,
        Command::Attach {
            voice: VoiceId(1),
            source: Box::new(Voice::telephone(config)),
            route: Route::EVERYWHERE,
        },
    );
    let kind = Kind::Speech { clock: SampleRate::HZ_8000, bytes_per_tick: 1 };
    let formats = heapless::Vec::from_iter([PayloadFormat { payload_type: 0, kind }]);
    let mut receiver = Receiver::new(ReceiverConfig { formats, source: Source::Any });
    let end = wire.last_key_value().map_or(Instant::ZERO, |((at, _), _)| *at) + Duration::from_secs(1);
    let mut heard = Vec::new();
    let mut now = Instant::ZERO;
    while now < end {
        let later = wire.split_off(&(now + Duration::from_micros(1), 0));
        for ((arrival, _), datagram) in core::mem::replace(&mut wire, later) {
            let _ =
                receiver.handle_message(arrival, "192.0.2.1:4000".parse().expect("an address"), &datagram);
            while let Some(chunk) = receiver.poll_chunk() {
                mixer.handle_command(now, Command::Media(Media { voice: VoiceId(1), chunk }));
            }
        }
        let mut output = [0.0; PERIOD];
        mixer.render(now, &mut output);
        heard.extend(output);
        now += BLOCK_TIME * 2;
        while let Some(report) = mixer.poll_report() {
            if let Report::Voice { stats, .. } = report {
                println!("{now} {stats:?}");
            }
        }
    }
    heard
}

/// A WAV file of 16 bits.
fn wav(samples: &[f32], rate: SampleRate) -> Vec<u8> {
    let bytes = u32::try_from(2 * samples.len()).unwrap_or(u32::MAX);
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(rate.hz().to_le_bytes());
    file.extend((2 * rate.hz()).to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| ((sample * 32_768.0).round() as i16).to_le_bytes()));
    file
}

/// Numbers that look random, from a seed.
struct Dice(u64);

impl Dice {
    /// From 0 to 100.
    fn percent(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as f64 * 100.0 / 4_294_967_296.0
    }
}

/// When the first packet leaves.
const START_MS: f64 = 100.0;
/// What the sink asks for at a time.
const PERIOD: usize = 2 * BLOCK;
