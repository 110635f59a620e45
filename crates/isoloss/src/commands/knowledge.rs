//! `isoloss knowledge`: what a piece of knowledge costs in parameters, in a memory, and as text.

use std::process::ExitCode;

use clap::Args;
use isoloss_laws::{Format as Cost, Knowledge as Piece};

use super::Run;
use crate::arguments;
use crate::failure::Failure;
use crate::numbers::exact;
use crate::output::{self, Format};
use crate::report::knowledge;

/// Options of `knowledge`. Without a default the paper's is taken, which `isoloss-laws` knows.
#[derive(Args, Debug)]
pub struct Knowledge {
    /// How often a piece is used, on average: --uses 0.1,10,1e5 [default: 0.1,1,10,100,1000,1e4,1e5]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    uses: Vec<String>,
    /// Blocks [default: 44]
    #[arg(long, value_name = "L", allow_hyphen_values = true, help_heading = "The model")]
    n_layer: Option<String>,
    /// Blocks that write and read memory, the first ones [default: half of the blocks]
    #[arg(long, value_name = "L_MEM", allow_hyphen_values = true, help_heading = "The model")]
    memory_layers: Option<String>,
    /// Width [default: 3200]
    #[arg(long, value_name = "D", allow_hyphen_values = true, help_heading = "The model")]
    d_model: Option<String>,
    /// Width of a head [default: 80]
    #[arg(long, value_name = "D_H", allow_hyphen_values = true, help_heading = "The model")]
    head_dim: Option<String>,
    /// Heads of keys and values, as many as the model has or fewer [default: 8]
    #[arg(long, value_name = "H_KV", allow_hyphen_values = true, help_heading = "The model")]
    n_kv_head: Option<String>,
    /// Width of the gated feed-forward [default: the width]
    #[arg(long, value_name = "W", allow_hyphen_values = true, help_heading = "The model")]
    d_ff: Option<String>,
    /// Rows of the head [default: 60416]
    #[arg(long, value_name = "N_VOCAB", allow_hyphen_values = true, help_heading = "The model")]
    vocab_size: Option<String>,
    /// Tokens of a piece of knowledge [default: 128]
    #[arg(long, value_name = "TOKENS", allow_hyphen_values = true, help_heading = "The knowledge")]
    tokens: Option<String>,
    /// Tokens of it whose keys and values are kept, per head [default: 8]
    #[arg(long, value_name = "TOKENS", allow_hyphen_values = true, help_heading = "The knowledge")]
    kept: Option<String>,
    /// Tokens that are written before other pieces are retrieved, no more than a window [default: 64]
    #[arg(long, value_name = "L_CHUNK", allow_hyphen_values = true, help_heading = "The knowledge")]
    chunk: Option<String>,
    /// Tokens of a window of training [default: 2048]
    #[arg(long, value_name = "L_TRAIN", allow_hyphen_values = true, help_heading = "The knowledge")]
    window: Option<String>,
    /// How the answer is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Run for Knowledge {
    const ABOUT: &str = "What knowledge costs in parameters, in a memory of keys and values, and as text";
    const EXAMPLES: &str = "\
Examples:
  isoloss knowledge
  isoloss knowledge --uses 1,10,1e4
  isoloss knowledge --d-model 768 --n-layer 12 --head-dim 64 --n-kv-head 12 --d-ff 2048 --vocab-size 50304
  isoloss knowledge --kept 128 --format csv

Implicit is trained on once and then free; explicit is encoded once, and its sparse keys and values are attended to at every \
use; text is put before the prompt and read anew. Each costs write + uses * read FLOPs, by appendix A of Yang et al. 2024 \
(arXiv 2407.01178), whose model and pieces are the defaults. Retrieval and storage are not counted, and that training \
once is enough to know a piece is the paper's lower bound.
Exit code 0: it did; 2: usage or input.";

    fn run(self) -> Result<ExitCode, Failure> {
        let piece = self.piece()?;
        let usual = ["0.1,1,10,100,1000,1e4,1e5".to_owned()];
        let uses = arguments::numbers("--uses", if self.uses.is_empty() { &usual } else { &self.uses })?;
        finite(&piece, &uses)?;
        output::answer(&match self.format {
            Format::Text => knowledge::text(&piece, &uses),
            Format::Json => knowledge::json(&piece, &uses),
            Format::Csv => knowledge::csv(&piece, &uses),
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Knowledge {
    fn piece(&self) -> Result<Piece, Failure> {
        let paper = Piece::default();
        let whole = |flag: &str, given: &Option<String>, usual: f64| -> Result<f64, Failure> {
            let Some(text) = given else { return Ok(usual) };
            let number = arguments::number(flag, text)?;
            match number >= 1.0 && number.fract() == 0.0 {
                true => Ok(number),
                false => Err(Failure::usage(
                    format_args!("{flag} {text}: expected a whole number above zero"),
                    format_args!("as in {flag} {usual}, which is the paper's"),
                )),
            }
        };
        let n_layer = whole("--n-layer", &self.n_layer, paper.n_layer)?;
        let d_model = whole("--d-model", &self.d_model, paper.d_model)?;
        let piece = Piece {
            n_layer,
            memory_layers: whole("--memory-layers", &self.memory_layers, (n_layer / 2.0).ceil())?,
            d_model,
            head_dim: whole("--head-dim", &self.head_dim, paper.head_dim)?,
            n_kv_head: whole("--n-kv-head", &self.n_kv_head, paper.n_kv_head)?,
            d_ff: whole("--d-ff", &self.d_ff, d_model)?,
            vocab_size: whole("--vocab-size", &self.vocab_size, paper.vocab_size)?,
            tokens: whole("--tokens", &self.tokens, paper.tokens)?,
            window: whole("--window", &self.window, paper.window)?,
            chunk: whole("--chunk", &self.chunk, paper.chunk)?,
            kept: whole("--kept", &self.kept, paper.kept)?,
        };
        piece.check().map_err(|e| Failure::usage(e.message, e.hint.unwrap_or_default()))?;
        let (d_model, head_dim) = (exact(piece.d_model), exact(piece.head_dim));
        let heads = (piece.d_model / piece.head_dim).floor();
        if heads < 1.0 {
            return Err(Failure::usage(
                format_args!("heads of width {head_dim}, and the model is {d_model} wide"),
                "--head-dim is at most --d-model",
            ));
        }
        if piece.n_kv_head > heads {
            let (of_memory, of_model) = (exact(piece.n_kv_head), exact(heads));
            return Err(Failure::usage(
                format_args!(
                    "{of_memory} heads of keys and values, and a model of width {d_model} has {of_model} heads of width {head_dim}"
                ),
                "--n-kv-head counts some of them, or all",
            ));
        }
        if piece.chunk > piece.window {
            let (chunk, window) = (exact(piece.chunk), exact(piece.window));
            return Err(Failure::usage(
                format_args!("chunks of {chunk} tokens, and a window has {window}"),
                "--chunk is at most --window",
            ));
        }
        Ok(piece)
    }
}

/// Refuses what costs more FLOPs than a number holds.
fn finite(piece: &Piece, uses: &[f64]) -> Result<(), Failure> {
    for format in Cost::ALL {
        if ![piece.write(format), piece.read(format)].iter().all(|flops| flops.is_finite()) {
            let hint = "isoloss knowledge, without options, has the paper's sizes";
            return Err(Failure::usage("sizes whose cost in FLOPs is no finite number", hint));
        }
        if let Some(n) = uses.iter().find(|n| !piece.cost(format, **n).is_finite()) {
            let text = format_args!("--uses {n:e}: so many uses cost no finite number of FLOPs");
            return Err(Failure::usage(text, "as in --uses 1e5"));
        }
    }
    Ok(())
}
