//! What the trainer promises, from outside: counts, public vectors, resuming bit for bit.

mod branches;
mod common;
mod counts;
mod fusion;
mod golden;
mod knowledge;
mod looked_up;
mod looped;
mod memory;
mod mixers;
mod numerics;
mod recipes;
mod resume;
#[path = "../../../engine/tests/common/mod.rs"]
mod vectors;
