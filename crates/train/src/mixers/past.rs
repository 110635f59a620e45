//! What a layer remembers of the tokens before: so that a model goes on from where it was, a token or a few at a time.

use isoloss_engine::{Columns, Real, Slot, Tape};

/// The past of one layer, for some sequences side by side. Nothing that comes of it has a gradient.
#[derive(Clone, Debug, Default)]
pub struct Past<R> {
    /// Tokens of a sequence so far.
    pub tokens: usize,
    /// Rows of tokens, by what they are of and by sequence.
    rows: Vec<Vec<Vec<R>>>,
    /// A state that takes the place of tokens.
    state: Option<(Vec<R>, [usize; 3])>,
}

impl<R: Real> Past<R> {
    /// The rows that are kept under this number with those of x behind them; of these the last `most` are kept.
    pub fn extend(&mut self, tape: &mut Tape<R>, number: usize, x: impl Into<Columns>, most: usize) -> Slot {
        let x = tape.split(x.into());
        let [sequences, length, width] = x.shape();
        if self.rows.len() <= number {
            self.rows.resize(number + 1, vec![Vec::new(); sequences]);
        }
        let kept = &mut self.rows[number];
        for (kept, new) in kept.iter_mut().zip(tape.value(x).chunks_exact(length * width)) {
            kept.extend_from_slice(new);
        }
        let all = tape.input(&kept.concat(), [sequences, kept[0].len() / width, width]);
        kept.iter_mut().for_each(|kept| drop(kept.drain(..kept.len().saturating_sub(most.saturating_mul(width)))));
        all
    }

    /// The state, on the tape; none before the first token.
    pub fn state(&self, tape: &mut Tape<R>) -> Option<Slot> {
        self.state.as_ref().map(|(state, shape)| tape.input(state, *shape))
    }

    /// Keeps a state.
    pub fn keep(&mut self, tape: &Tape<R>, state: Slot) {
        self.state = Some((tape.value(state).to_vec(), state.shape()));
    }

    /// Numbers that are kept, of all sequences.
    pub fn numbers(&self) -> usize {
        let rows: usize = self.rows.iter().flatten().map(Vec::len).sum();
        rows + self.state.as_ref().map_or(0, |(state, _)| state.len())
    }
}

/// The last n tokens of every sequence.
pub(super) fn last<R: Real>(tape: &mut Tape<R>, x: Slot, n: usize) -> Slot {
    let [sequences, length, width] = x.shape();
    let tokens = tape.value(x).chunks_exact(length * width).flat_map(|x| x[(length - n) * width..].to_vec());
    let tokens: Vec<R> = tokens.collect();
    tape.input(&tokens, [sequences, n, width])
}
