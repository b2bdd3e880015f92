//! The clips of what the box says: read by flite, cut, levelled, and packed into one file.
//!
//! ```text
//! cargo run --example speech -- OUT        (ci/speech/make)
//!
//! vocabulary ─> flite ─> 16 kHz ─> without the silence around it ─> LEVEL ─> G.722 ─> speech::Bank
//! ```
#![expect(clippy::print_stdout, reason = "it says what it made")]

use pagingbox::codec::Codec;
use pagingbox::dsp::convert;
use pagingbox::files;
use pagingbox::speech::{Bank, ENGLISH};
use pagingbox::units::SampleRate;
use std::error::Error;
use std::path::Path;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    let target = std::env::args_os().nth(1).ok_or("expected the file to write")?;
    let scratch = std::env::temp_dir().join(format!("paging-speech-{}.wav", std::process::id()));
    let mut clips = Vec::new();
    for entry in ENGLISH {
        let clip = encode(&levelled(&centred(&cut(&read_aloud(entry.say, &scratch)?))));
        clips.push((entry.text, clip));
    }
    std::fs::remove_file(&scratch)?;
    let clips: Vec<_> = clips.iter().map(|(text, clip)| (*text, clip.as_slice())).collect();
    let file = Bank::write(&clips);
    println!("{} clips, {} bytes", clips.len(), file.len());
    std::fs::write(target, file)?;
    Ok(())
}

/// What flite makes of a text, at 16 kHz.
fn read_aloud(text: &str, scratch: &Path) -> Result<Vec<f32>, Box<dyn Error>> {
    let status = Command::new("flite").args(VOICE).args(["-t", text, "-o"]).arg(scratch).status()?;
    if !status.success() {
        return Err(format!("flite failed at {text:?}").into());
    }
    let clip = files::decode(scratch)?;
    Ok(convert(&clip.samples, clip.rate, SampleRate::HZ_16000)?)
}

/// Without the silence around it, but for what is needed to begin and end softly.
fn cut(samples: &[f32]) -> Vec<f32> {
    let threshold = samples.iter().fold(0.0_f32, |peak, sample| sample.abs().max(peak)) * SILENCE;
    let sounds = |sample: &f32| sample.abs() > threshold;
    let first = samples.iter().position(sounds).unwrap_or(0).saturating_sub(LEAD);
    let last = samples.iter().rposition(sounds).map_or(0, |last| last + TRAIL).min(samples.len());
    samples[first..last.max(first)].to_vec()
}

/// Without the constant that this voice has.
fn centred(samples: &[f32]) -> Vec<f32> {
    let count = u16::try_from(samples.len()).map_or(1.0, f32::from).max(1.0);
    let mean = samples.iter().sum::<f32>() / count;
    samples.iter().map(|sample| sample - mean).collect()
}

/// At [`LEVEL`], its quiet parts not counted.
fn levelled(samples: &[f32]) -> Vec<f32> {
    let power = |frame: &[f32]| frame.iter().map(|sample| sample * sample).sum::<f32>() / FRAME_LEN;
    let powers: Vec<f32> = samples.chunks_exact(FRAME).map(power).collect();
    let loudest = powers.iter().copied().fold(0.0, f32::max);
    let active: Vec<f32> = powers.into_iter().filter(|&power| power > loudest * QUIET).collect();
    let count = u16::try_from(active.len()).map_or(1.0, f32::from).max(1.0);
    let rms = (active.iter().sum::<f32>() / count).sqrt();
    let peak = samples.iter().fold(0.0_f32, |peak, sample| sample.abs().max(peak));
    let gain = (LEVEL / rms.max(1e-6)).min(PEAK / peak.max(1e-6));
    samples.iter().map(|sample| sample * gain).collect()
}

fn encode(samples: &[f32]) -> Vec<u8> {
    let mut samples = samples.to_vec();
    samples.resize(samples.len().next_multiple_of(Codec::G722.samples_per_tick()), 0.0);
    let mut payload = vec![0; samples.len() / Codec::G722.samples_per_tick()];
    Codec::G722.encoder().encode(&samples, &mut payload);
    payload
}

/// A little slower than it would be, for halls that echo. Of the voices of flite and espeak-ng this is the one of which a
/// recogniser (pocketsphinx) misheard least.
const VOICE: [&str; 4] = ["-voice", "rms", "--setf", "duration_stretch=1.0"];
/// Of the peak: -38 dB.
const SILENCE: f32 = 0.012;
/// 10 ms.
const LEAD: usize = 160;
/// 20 ms.
const TRAIL: usize = 320;
/// 20 ms.
const FRAME: usize = 320;
const FRAME_LEN: f32 = 320.0;
/// What is 16 dB below the loudest frame is not counted.
const QUIET: f32 = 0.025;
/// -20 dBFS: as loud as a caller who speaks up.
const LEVEL: f32 = 0.1;
/// -2 dBFS.
const PEAK: f32 = 0.794;
