//! The three ways in which a model is asked, from one walk.

/// The loss, the logits and what is seen on the way, of a model with `walk` and `head`.
macro_rules! asked {
    ($model:ident) => {
        impl $model {
            pub(super) fn loss<R: Real>(
                &self,
                tape: &mut Tape<R>,
                inputs: $crate::models::Inputs,
                targets: isoloss_engine::Tokens,
                z_loss: f64,
                divisor: f64,
            ) -> Slot {
                let whole = inputs.whole.unwrap_or(divisor);
                let x = self.walk(tape, inputs, Some(whole), &mut |_, _| {});
                tape.cross_entropy(x, self.head(), targets, z_loss, divisor)
            }

            pub(super) fn logits<R: Real>(&self, tape: &mut Tape<R>, inputs: $crate::models::Inputs) -> Slot {
                let x = self.walk(tape, inputs, None, &mut |_, _| {});
                tape.linear(x, self.head())
            }

            pub(super) fn observe<R: Real>(
                &self,
                tape: &mut Tape<R>,
                inputs: $crate::models::Inputs,
            ) -> Vec<(String, Slot)> {
                let mut seen = Vec::new();
                let x = self.walk(tape, inputs, None, &mut |name, slot| seen.push((name.to_string(), slot)));
                seen.push(("logits".to_owned(), tape.linear(x, self.head())));
                seen
            }
        }
    };
}
pub(super) use asked;
