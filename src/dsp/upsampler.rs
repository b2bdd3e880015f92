//! What filters have in common that raise a rate by a whole factor: they remember inputs, and work out fours of outputs
//! side by side.

/// What sets one such filter apart from another.
pub(super) trait Kernel<const FACTOR: usize> {
    /// Inputs that must be remembered.
    const HISTORY: usize;

    /// The outputs of up to four times `N` inputs, which follow the history at the front of `span`.
    fn group<const N: usize>(&self, span: &[f32], outputs: &mut [[f32; FACTOR]]);
}

/// A filter at work. Of its `SPAN` samples the first are what came last, the others the chunk at work.
#[derive(Clone, Debug)]
pub(super) struct Upsampler<K, const FACTOR: usize, const SPAN: usize> {
    pub(super) kernel: K,
    span: [f32; SPAN],
}

impl<K: Kernel<FACTOR>, const FACTOR: usize, const SPAN: usize> Upsampler<K, FACTOR, SPAN> {
    /// Inputs worked on at a time.
    const CHUNK: usize = SPAN - K::HISTORY;

    /// A filter that has heard only silence.
    pub(super) const fn new(kernel: K) -> Self {
        Self { kernel, span: [0.0; SPAN] }
    }

    /// Writes `FACTOR` times as many samples as come in to the front of `output`, and says how many they are. Input for
    /// which there is no room is left out.
    pub(super) fn process(&mut self, input: &[f32], output: &mut [f32]) -> usize {
        let frames = input.len().min(output.len() / FACTOR);
        let input = input[..frames].chunks(Self::CHUNK);
        for (input, output) in input.zip(output.chunks_mut(Self::CHUNK * FACTOR)) {
            self.span[K::HISTORY..][..input.len()].copy_from_slice(input);
            self.filter(input.len(), output);
            self.span.copy_within(input.len()..input.len() + K::HISTORY, 0);
        }
        frames * FACTOR
    }

    /// Writes what follows when the input ends: as many samples as fit, as if silence came in.
    pub(super) fn flush(&mut self, output: &mut [f32]) -> usize {
        let silence = [0.0; SPAN];
        let mut written = 0;
        for output in output.chunks_mut(Self::CHUNK * FACTOR) {
            written += self.process(&silence[..Self::CHUNK], output);
        }
        written
    }

    /// Forgets what was heard.
    pub(super) fn reset(&mut self) {
        self.span.fill(0.0);
    }

    /// The outputs of the first `frames` inputs behind the history.
    fn filter(&self, frames: usize, output: &mut [f32]) {
        let (output, _) = output[..frames * FACTOR].as_chunks_mut::<FACTOR>();
        let mut span = &self.span[..];
        let mut groups = output.chunks_exact_mut(4 * QUADS);
        for outputs in &mut groups {
            self.kernel.group::<QUADS>(span, outputs);
            span = &span[outputs.len()..];
        }
        for outputs in groups.into_remainder().chunks_mut(4) {
            self.kernel.group::<1>(span, outputs);
            span = &span[outputs.len()..];
        }
    }
}

/// Fours of inputs worked on side by side: 2.5 ms at 8 kHz, half of that at 16.
const QUADS: usize = 5;
