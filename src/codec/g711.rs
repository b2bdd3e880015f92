//! The two laws of ITU-T G.711 as decoding tables.
//!
//! The tables are worked out at compile time, so that decoding is one look-up per sample. Encoding is left to
//! `audio-codec-algorithms`, which is bit exact to the software of ITU-T G.191; the tests hold the tables against it.

/// What each µ-law code decodes to, full scale ±1.0.
pub(super) static ULAW: [f32; 256] = table(Law::Micro);
/// What each A-law code decodes to, full scale ±1.0.
pub(super) static ALAW: [f32; 256] = table(Law::A);

#[derive(Clone, Copy)]
enum Law {
    Micro,
    A,
}

const fn table(law: Law) -> [f32; 256] {
    let mut table = [0.0; 256];
    let mut code: u8 = 0;
    loop {
        let linear = match law {
            Law::Micro => micro(code),
            Law::A => a(code),
        };
        #[expect(clippy::cast_precision_loss, reason = "16 bits fit into 24")]
        let sample = linear as f32 / FULL_SCALE;
        table[code as usize] = sample;
        if code == u8::MAX {
            return table;
        }
        code += 1;
    }
}

/// G.711 table 2: all bits inverted; the segments start at odd multiples of a bias of 33, in 14 bits.
const fn micro(code: u8) -> i32 {
    let code = !code;
    let magnitude = ((mantissa(code) * 2 + BIAS) << segment(code)) - BIAS;
    signed(code & 0x80 == 0, magnitude * 4)
}

/// G.711 table 1: even bits inverted; the first two segments are of equal step, in 13 bits.
const fn a(code: u8) -> i32 {
    let code = code ^ 0x55;
    let magnitude = match segment(code) {
        0 => mantissa(code) * 2 + 1,
        segment => (mantissa(code) * 2 + BIAS) << (segment - 1),
    };
    signed(code & 0x80 != 0, magnitude * 8)
}

const fn segment(code: u8) -> i32 {
    ((code >> 4) & 7) as i32
}

const fn mantissa(code: u8) -> i32 {
    (code & 15) as i32
}

const fn signed(positive: bool, magnitude: i32) -> i32 {
    if positive { magnitude } else { -magnitude }
}

const BIAS: i32 = 33;
const FULL_SCALE: f32 = 32_768.0;
