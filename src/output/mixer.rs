//! The card's own volume: which of its controls, and how far up.
//!
//! | first of these that the card has | is set |
//! |---|---|
//! | Master, PCM, Digital, DAC, Playback | this one; sockets are unmuted and, where they have a volume, set to 0 dB |
//! | Speaker, Headphone, Line Out, Front, … | every one of them |
//! | a single control of any other name | this one |
//!
//! A WM8960 comes up with its sockets at their least, which is mute, and with the way from the converter to them switched off
//! (`wm8960_reg_defaults` in the kernel's sound/soc/codecs/wm8960.c): `… Output Mixer PCM` is switched on as well.
//!
//! Controls of microphones are left alone: on USB cards they play what is said into the microphone.
//!
//! The percent are those that `alsamixer` shows and `amixer -M` takes, which go by what is heard: 100 is as loud as the card
//! can, 80 some 6 dB below that, 50 some 18 dB, and 0 is muted. (The percent of plain `amixer` go by the card's own steps,
//! where 80 may be silence: a card of 100 dB is 20 dB down.) A card that does not say how loud its steps are is set by them.

use alsa::mixer::{MilliBel, Mixer, Selem, SelemId};
use alsa::{Output, Round};
use core::fmt;

/// How loud a card shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardVolume {
    /// Its number. Numbers change when cards come and go: to be used at once.
    pub(super) card: i32,
    /// From silent to as loud as it can.
    pub(super) percent: u8,
}

impl CardVolume {
    /// Sets every channel of the card, unmutes it, and says so in the log. Waits for the card.
    pub fn apply(self) {
        let Self { card, percent } = self;
        match self.set() {
            Ok(names) => log::info!("hw:{card}: its volume is {percent} % ({})", names.join(", ")),
            Err(error) => log::warn!("hw:{card}: [audio] mixer-volume: {error}"),
        }
    }

    /// The names of the controls that were set.
    fn set(self) -> Result<Vec<String>, MixerError> {
        // ALSA prints to the standard error; here it prints into a buffer that is thrown away at the next opening.
        let _silence = Output::local_error_handler();
        let mixer = Mixer::new(&format!("hw:{}", self.card), false)?;
        let elements: Vec<_> = mixer.iter().filter_map(Selem::new).collect();
        let names: Vec<_> = elements.iter().map(name).collect();
        let choice = Choice::of(&names, |place| elements[place].has_playback_volume());
        let Choice { volumes, opened, switches } = choice;
        if volumes.is_empty() {
            return Err(MixerError::NoControl);
        }
        for element in switches.iter().chain(&volumes).map(|&place| &elements[place]) {
            if element.has_playback_switch() {
                element.set_playback_switch_all(i32::from(self.percent > 0))?;
            }
        }
        opened.iter().try_for_each(|&place| open(&elements[place]))?;
        volumes.iter().try_for_each(|&place| set(&elements[place], self.percent))?;
        Ok(volumes.iter().map(|&place| names[place].clone()).collect())
    }
}

fn set(element: &Selem<'_>, percent: u8) -> alsa::Result<()> {
    let (least, most) = element.get_playback_db_range();
    if least.0 < most.0 {
        // Upwards: the lowest step that is at least as loud.
        return element.set_playback_db_all(MilliBel(level(percent, least.0, most.0)), Round::Ceil);
    }
    let (least, most) = element.get_playback_volume_range();
    element.set_playback_volume_all(least + (most - least) * i64::from(percent) / 100)
}

/// Lets what comes pass as loud as it is, or as loud as can be.
fn open(element: &Selem<'_>) -> alsa::Result<()> {
    let (least, most) = element.get_playback_db_range();
    if least.0 < most.0 {
        return element.set_playback_db_all(MilliBel(0.clamp(least.0, most.0)), Round::Floor);
    }
    element.set_playback_volume_all(element.get_playback_volume_range().1)
}

fn name(element: &Selem<'_>) -> String {
    let id: SelemId = element.get_id();
    id.get_name().unwrap_or_default().to_owned()
}

/// What of a card is set.
#[derive(Debug, Default, PartialEq, Eq)]
struct Choice {
    /// Whose volume, by place.
    volumes: Vec<usize>,
    /// What it goes through afterwards, which has a volume of its own.
    opened: Vec<usize>,
    /// What is unmuted besides.
    switches: Vec<usize>,
}

impl Choice {
    /// Among controls of these names, some of which have a volume.
    fn of(names: &[String], has_volume: impl Fn(usize) -> bool) -> Self {
        let called = |word: &str| {
            let is_called = |index: &usize| names[*index].eq_ignore_ascii_case(word);
            (0..names.len()).filter(is_called).collect::<Vec<_>>()
        };
        let with_volume = |places: &[usize]| -> Vec<usize> {
            places.iter().copied().filter(|&place| has_volume(place)).collect()
        };
        let sockets: Vec<_> = SOCKETS.iter().flat_map(|word| called(word)).collect();
        let main = MAIN.iter().map(|word| with_volume(&called(word))).find(|found| !found.is_empty());
        if let Some(volumes) = main {
            let opened = with_volume(&sockets);
            let ways = (0..names.len()).filter(|&place| names[place].ends_with(WAY));
            return Self { volumes, opened, switches: sockets.into_iter().chain(ways).collect() };
        }
        let volumes = with_volume(&sockets);
        if !volumes.is_empty() {
            return Self { volumes, opened: Vec::new(), switches: sockets };
        }
        let is_other = |place: &usize| {
            let name = names[*place].to_ascii_lowercase();
            has_volume(*place) && !INPUTS.iter().any(|word| name.contains(word))
        };
        match (0..names.len()).filter(is_other).collect::<Vec<_>>().as_slice() {
            [only] => Self { volumes: vec![*only], ..Self::default() },
            _ => Self::default(),
        }
    }
}

/// Hundredths of a decibel that are `percent` of what is heard between `least` and `most`.
///
/// As `alsamixer` has it: a range of 24 dB or less is cut into equal steps; else loudness is a power of ten for each 60 dB.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "decibels are few")]
fn level(percent: u8, least: i64, most: i64) -> i64 {
    let heard = f64::from(percent.min(100)) / 100.0;
    let (low, high) = (least as f64, most as f64);
    if most - least <= LINEAR {
        return (low + (high - low) * heard).round() as i64;
    }
    let silence = if least <= MUTE { 0.0 } else { 10_f64.powf((low - high) / DECADE) };
    let gain = heard * (1.0 - silence) + silence;
    // The logarithm of nothing is below every range.
    (DECADE * gain.log10() + high).round().max(low) as i64
}

/// Why a card's volume is as it was.
#[derive(Debug)]
pub enum MixerError {
    /// It has no control that is known to be its volume.
    NoControl,
    /// What ALSA says.
    Alsa(alsa::Error),
}

impl From<alsa::Error> for MixerError {
    fn from(error: alsa::Error) -> Self {
        Self::Alsa(error)
    }
}

impl fmt::Display for MixerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoControl => f.write_str("the card has no volume of its own"),
            Self::Alsa(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for MixerError {}

/// Controls that everything goes through, the best first.
const MAIN: &[&str] = &["Master", "PCM", "Digital", "DAC", "Playback"];
/// Controls of single sockets.
const SOCKETS: &[&str] = &[
    "Speaker",
    "Headphone",
    "Headphones",
    "Headset",
    "Line Out",
    "Lineout",
    "Line",
    "Front",
    "Output",
    "HPOUT1",
];
/// How a switch is called that lets the converter be heard at a socket, left or right.
const WAY: &str = " Output Mixer PCM";
/// Controls of what comes in.
const INPUTS: &[&str] =
    &["mic", "capture", "input", "sidetone", "adc", "beep", "loopback", "boost", "aux", "cd"];
/// Up to so many hundredths of a decibel, steps are equal.
const LINEAR: i64 = 2400;
/// So many of them are a power of ten of loudness.
const DECADE: f64 = 6000.0;
/// The least of a range that ends in silence (`SND_CTL_TLV_DB_GAIN_MUTE`).
const MUTE: i64 = -9_999_999;

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of what is set, and of what is unmuted besides; a name with a star has no volume.
    fn chosen(names: &[&str]) -> (Vec<String>, Vec<String>) {
        let has_volume = |place: usize| !names[place].ends_with('*');
        let bare: Vec<_> = names.iter().map(|name| name.trim_end_matches('*').to_owned()).collect();
        let Choice { volumes, switches, .. } = Choice::of(&bare, has_volume);
        let words = |places: Vec<usize>| places.into_iter().map(|place| bare[place].clone()).collect();
        (words(volumes), words(switches))
    }

    #[test]
    fn the_control_that_everything_goes_through_is_the_volume() {
        let cases: [(&[&str], &[&str], &[&str]); 10] = [
            // The headphone jack of a Raspberry Pi, of old and of now.
            (&["PCM"], &["PCM"], &[]),
            (&["Headphone"], &["Headphone"], &["Headphone"]),
            // C-Media USB cards (0d8c:0014): the microphone is heard, too.
            (&["Speaker", "Mic", "Auto Gain Control*"], &["Speaker"], &["Speaker"]),
            (&["PCM", "Mic", "Speaker"], &["PCM"], &["Speaker"]),
            // HiFiBerry DAC+ and its kin (pcm512x).
            (&["Analogue", "Analogue Playback Boost", "Auto Mute*", "Digital"], &["Digital"], &[]),
            // WM8960 HATs.
            (
                &[
                    "Headphone",
                    "Speaker",
                    "Playback",
                    "Capture",
                    "Left Output Mixer PCM*",
                    "Right Output Mixer PCM*",
                ],
                &["Playback"],
                &["Speaker", "Headphone", "Left Output Mixer PCM", "Right Output Mixer PCM"],
            ),
            // A PC.
            (
                &["Master", "Headphone", "Speaker*", "PCM", "Mic Boost", "Beep"],
                &["Master"],
                &["Speaker", "Headphone"],
            ),
            // Sockets alone.
            (&["Line Out", "Headphone", "Line In"], &["Headphone", "Line Out"], &["Headphone", "Line Out"]),
            // Another name, but only one.
            (&["Thing", "Mic"], &["Thing"], &[]),
            // vc4-hdmi and cards for microphones have none.
            (&["Mic", "IEC958*"], &[], &[]),
        ];
        for (names, volumes, switches) in cases {
            let strings = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
            assert_eq!(chosen(names), (strings(volumes), strings(switches)), "{names:?}");
        }
        assert_eq!(chosen(&["One", "Other"]), (vec![], vec![]), "it is not guessed which");
    }

    #[test]
    fn sockets_behind_the_volume_let_it_pass() {
        let of = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            let opened = Choice::of(&names, |place| !names[place].ends_with('*')).opened;
            opened.into_iter().map(|place| names[place].clone()).collect::<Vec<_>>()
        };
        // A WM8960 is silent otherwise.
        assert_eq!(of(&["Headphone", "Speaker", "Playback", "Capture"]), ["Speaker", "Headphone"]);
        assert_eq!(of(&["Master", "Headphone", "Mic"]), ["Headphone"]);
        assert_eq!(of(&["Headphone", "Line Out"]), [""; 0], "these are the volume themselves");
    }

    #[test]
    fn percent_are_what_is_heard() {
        // A card of 103.5 dB, as HiFiBerry's: alsamixer shows the same.
        let expected = [0, -569, -1758, -5592];
        assert_eq!([100, 80, 50, 10].map(|percent| level(percent, -10_350, 0)), expected);
        assert_eq!(level(0, -10_350, 0), -10_350);
        assert_eq!(level(100, -10_239, 400), 400, "the jack of a Pi");
        assert_eq!(level(0, -9_999_999, 0), -9_999_999, "a range that ends in silence");
        assert!(level(80, -9_999_999, 400) > -300);
    }

    #[test]
    fn a_short_range_is_cut_into_equal_steps() {
        assert_eq!([0, 50, 100, 200].map(|percent| level(percent, -2000, 400)), [-2000, -800, 400, 400]);
    }

    #[test]
    fn a_card_that_is_not_there_is_told() {
        assert!(matches!(CardVolume { card: 31, percent: 80 }.set(), Err(MixerError::Alsa(_))));
    }
}
