//! One run, from claim to record: it goes on where it stood, and whatever ends it is written down.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use isoloss_engine::NUMERICS;
use isoloss_runs::record::{Cost, Labels, Other, Outcome, Run, SCHEMA, State, StateName, machine};
use isoloss_runs::store::{Claim, Curve, CurvePoint, Loaded, StoreError, TrunkClaim};

use crate::corpora::{HeldOut, Known, Source};
use crate::measures::{Subject, Unmeasured};
use crate::{Progress, RunConfig, Trainer, Trunk, clock, counts};

/// A run to be trained.
#[derive(Clone)]
pub struct Job {
    /// The run's id.
    pub id: String,
    /// Everything that sets its loss.
    pub config: RunConfig,
    /// What it is trained on.
    pub source: Arc<dyn Source>,
    /// What it is evaluated on.
    pub held_out: Arc<HeldOut>,
    /// What it is called.
    pub labels: Labels,
    /// The steps that it shares with runs of other lengths, if it does (see [`crate::trunk`]).
    pub trunk: Option<Trunk>,
}

/// How a job is done. Nothing in here changes what comes out.
#[derive(Clone, Copy)]
pub struct Control<'a> {
    /// Threads inside the run.
    pub threads: usize,
    /// Seconds between checkpoints.
    pub checkpoint_every: Duration,
    /// Set by somebody else: stop after the step under way, and keep what is there. One of them is enough.
    pub stop: &'a [&'a AtomicBool],
    /// The program and its version, for the record.
    pub program: &'a str,
}

/// What is told while a job is done.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// Training begins, after this many steps of earlier sittings or of other branches.
    Started {
        /// Steps that were taken before.
        from: u64,
    },
    /// A step was taken.
    Stepped(Progress),
    /// A checkpoint could not be used: the run goes on from an earlier one, or begins again.
    Note(&'a str),
    /// It came to this end, now or earlier.
    Ended(&'a Run),
    /// Somebody else trains it.
    Elsewhere,
}

impl Control<'_> {
    /// Is it to stop?
    pub fn is_stopped(&self) -> bool {
        self.stop.iter().any(|stop| stop.load(Ordering::Relaxed))
    }
}

/// Points of a curve, at most about.
const POINTS: u64 = 200;
/// A run that ends so many nats above a guess at random has not learnt less than others: it has gone astray.
const ASTRAY: f64 = 1.0;

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("id", &self.id).field("labels", &self.labels).finish_non_exhaustive()
    }
}

impl Job {
    /// A job by itself. Its id follows from config and data.
    pub fn new(config: RunConfig, source: Arc<dyn Source>, held_out: Arc<HeldOut>, labels: Labels) -> Self {
        let id = config.id(&source.data().hash);
        Self { id, config, source, held_out, labels, trunk: None }
    }

    /// The record of the run before it has begun.
    pub fn planned(&self) -> Run {
        Run {
            schema: SCHEMA,
            id: self.id.clone(),
            state: State::default(),
            labels: self.labels.clone(),
            seed: self.config.seed,
            trunk: self.trunk.as_ref().map(|trunk| trunk.id.clone()),
            config: self.config.to_value(),
            data: self.source.data(),
            counts: counts(&self.config),
            result: None,
            cost: Cost::default(),
            machine: machine(),
            program: String::new(),
            numerics: NUMERICS,
            created: String::new(),
            finished: None,
            other: Default::default(),
        }
    }

    /// Trains what is left of the run and writes down how it ended. A run that is over is given back as it is. With a claim
    /// on its trunk it begins with the newest state there that serves, and leaves one for longer runs.
    ///
    /// # Errors
    /// If the store cannot be read or written. What was written before is whole.
    pub fn run(
        &self,
        claim: &Claim,
        trunk: Option<&TrunkClaim>,
        control: &Control,
        tell: &dyn Fn(Event),
    ) -> Result<Run, StoreError> {
        let before = claim.run()?;
        if let Some(run) = before.as_ref().filter(|run| run.state.name.is_over()) {
            return Ok(run.clone());
        }
        let mut run = before.unwrap_or_else(|| self.planned());
        let mut started = Started { wall: Instant::now(), cpu: clock::of_thread(), cost: run.cost.clone(), from: 0 };
        let trained =
            catch_unwind(AssertUnwindSafe(|| self.train(&mut run, claim, trunk, control, &mut started, tell)));
        match trained {
            Ok(ended) => ended?,
            // A panic is a mistake of ours or of a corpus; the other runs of the ladder go on.
            Err(panic) => {
                let reason = panic.downcast_ref::<String>().map(String::as_str);
                let reason = reason.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
                run.state = State { name: StateName::Failed, reason: Some(reason.to_owned()), step: run.state.step };
                run.cost = started.cost(None);
                run.finished = Some(clock::now());
                claim.write(&run)?;
            }
        }
        Ok(run)
    }

    fn train(
        &self,
        run: &mut Run,
        claim: &Claim,
        trunk: Option<&TrunkClaim>,
        control: &Control,
        started: &mut Started,
        tell: &dyn Fn(Event),
    ) -> Result<(), StoreError> {
        let mut trainer = Trainer::<f32>::new(&self.config, self.source.clone(), control.threads);
        let restored = restore(&mut trainer, &self.id, claim.load_checkpoint()?, tell);
        let mut mine = restored;
        if let Some(of) = &self.trunk {
            run.trunk = Some(of.id.clone());
            let recorded = run.cost.steps.unwrap_or(run.state.step);
            // A kill between a checkpoint and its record.
            let unrecorded = if restored { trainer.done().saturating_sub(run.state.step) } else { 0 };
            run.cost.steps = Some(recorded + unrecorded);
            if let Some(trunk) = trunk.filter(|_| !restored)
                && restore(&mut trainer, trunk.id(), trunk.load(of.branch)?, tell)
            {
                // It may be the one that this run left before it was killed.
                mine = recorded > 0 && trainer.done() == run.state.step;
                if !mine {
                    // The curve of a branch begins where the branch does.
                    trainer.take_mean();
                }
            }
        }
        (started.from, started.cost) = (trainer.done(), run.cost.clone());
        claim.cut_curve(if mine { trainer.done() } else { 0 })?;
        let mut curve = claim.curve()?;
        if run.created.is_empty() {
            run.created = clock::now();
        }
        (run.machine, run.program, run.numerics) = (machine(), control.program.to_owned(), NUMERICS);
        run.state = State { name: StateName::Running, reason: None, step: trainer.done() };
        claim.write(run)?;
        tell(Event::Started { from: trainer.done() });

        let every = self.config.training.steps.div_ceil(POINTS);
        let mut saved = Instant::now();
        loop {
            if let (Some(of), Some(trunk)) = (&self.trunk, trunk)
                && of.leaves
                && of.branch == trainer.done()
            {
                // What was paid so far is on the disk before others can go on from it.
                run.state.step = trainer.done();
                run.cost = started.cost(Some(&trainer));
                curve.sync()?;
                claim.write(run)?;
                trunk.save(trainer.done(), &bytes(&trainer, trunk.id(), claim)?)?;
            }
            if trainer.is_over() {
                break;
            }
            if control.is_stopped() {
                run.state = State { name: StateName::Interrupted, reason: None, step: trainer.done() };
                return self.keep(run, &trainer, claim, &curve, started);
            }
            match trainer.advance() {
                Ok(progress) => {
                    tell(Event::Stepped(progress));
                    if trainer.done().is_multiple_of(every) || trainer.is_over() {
                        curve.push(&self.point(&mut trainer, progress))?;
                    }
                }
                Err(divergence) => {
                    let reason = Some(divergence.to_string());
                    run.state = State { name: StateName::Diverged, reason, step: divergence.step };
                    return self.close(run, &trainer, claim, &curve, started);
                }
            }
            if saved.elapsed() > control.checkpoint_every && !trainer.is_over() {
                run.state.step = trainer.done();
                self.keep(run, &trainer, claim, &curve, started)?;
                saved = Instant::now();
            }
        }
        let step = trainer.done();
        let measures = &self.config.evaluation.measures;
        if !measures.is_empty() {
            // What was trained is not lost with a measure.
            run.state.step = step;
            self.keep(run, &trainer, claim, &curve, started)?;
        }
        let (evaluated, of_sets) = trainer.evaluate(&self.held_out);
        let guess = (self.source.vocab_size() as f64).ln();
        if evaluated.loss <= guess + ASTRAY {
            let mut result = Outcome { loss: evaluated.loss, loss_stderr: evaluated.stderr, ..Outcome::default() };
            let per_byte = |bytes: f64| evaluated.loss / bytes / std::f64::consts::LN_2;
            result.bits_per_byte = self.held_out.known.bytes_per_target.map(per_byte);
            result.spikes = trainer.spikes().to_vec();
            self.held_out.known.report("", &mut result.measures);
            for (set, of) in self.held_out.sets.iter().zip(&of_sets) {
                result.per_set.insert(set.name.clone(), of.loss.into());
                let stderr = of.stderr.map(|stderr| (format!("stderr_{}", set.name), stderr.into()));
                result.measures.extend(stderr);
                set.known.report(&format!("_{}", set.name), &mut result.measures);
            }
            let points = if measures.is_empty() { Vec::new() } else { claim.points()? };
            for measure in measures {
                let (source, held_out) = (self.source.as_ref(), &self.held_out);
                let folder = claim.folder();
                let is_stopped = &|| control.is_stopped();
                let mut subject =
                    Subject { trainer: &mut trainer, source, held_out, curve: &points, folder, is_stopped };
                let measured = if is_stopped() { Err(Unmeasured::Stopped) } else { measure.of(&mut subject) };
                let (name, reason) = match measured {
                    Ok(named) => {
                        result.measures.extend(named.into_iter().map(|(name, value)| (name, value.into())));
                        continue;
                    }
                    Err(Unmeasured::Stopped) => (StateName::Interrupted, None),
                    Err(Unmeasured::Failed(reason)) => (StateName::Failed, Some(reason)),
                };
                run.state = State { name, reason, step };
                run.finished = (name == StateName::Failed).then(clock::now);
                return self.keep(run, &trainer, claim, &curve, started);
            }
            run.result = Some(result);
            run.state = State { name: StateName::Finished, reason: None, step };
        } else {
            let loss = evaluated.loss;
            let reason =
                format!("the loss on held-out windows is {loss:.4} after the last step, and {guess:.4} by guessing");
            let reason = Some(reason);
            run.state = State { name: StateName::Diverged, reason, step };
        }
        self.close(run, &trainer, claim, &curve, started)
    }

    fn point(&self, trainer: &mut Trainer<f32>, last: Progress) -> CurvePoint {
        let tokens = trainer.done() * (self.config.training.batch * self.config.training.seq_len) as u64;
        CurvePoint {
            step: trainer.done(),
            tokens,
            loss: trainer.take_mean(),
            grad_norm: last.grad_norm,
            lr: last.lr,
            ..CurvePoint::default()
        }
    }

    /// All that is needed to go on, and what was paid so far.
    fn keep(
        &self,
        run: &mut Run,
        trainer: &Trainer<f32>,
        claim: &Claim,
        curve: &Curve,
        started: &Started,
    ) -> Result<(), StoreError> {
        curve.sync()?;
        claim.save_checkpoint(trainer.done(), &bytes(trainer, &self.id, claim)?)?;
        run.cost = started.cost(Some(trainer));
        claim.write(run)
    }

    /// Over: the record says how, and checkpoints are of no more use.
    fn close(
        &self,
        run: &mut Run,
        trainer: &Trainer<f32>,
        claim: &Claim,
        curve: &Curve,
        started: &Started,
    ) -> Result<(), StoreError> {
        run.cost = started.cost(Some(trainer));
        run.finished = Some(clock::now());
        curve.sync()?;
        claim.write(run)?;
        claim.drop_checkpoints()
    }
}

impl Known {
    /// Puts losses that are known among the measures, under names that end alike.
    fn report(&self, ending: &str, measures: &mut Other) {
        let each = [("floor", self.floor), ("blind", self.blind)];
        let known = each.into_iter().filter_map(|(name, loss)| Some((format!("{name}{ending}"), loss?.into())));
        measures.extend(known);
    }
}

/// Goes on from what was loaded, if there is something whole of that id; what is not is told of.
fn restore(trainer: &mut Trainer<f32>, id: &str, loaded: Loaded, tell: &dyn Fn(Event)) -> bool {
    loaded.skipped.iter().for_each(|problem| tell(Event::Note(&problem.to_string())));
    match loaded.checkpoint.map(|checkpoint| trainer.restore(id, &checkpoint.bytes)) {
        Some(Ok(())) => true,
        Some(Err(error)) => {
            tell(Event::Note(&format!("{error}; the run begins earlier")));
            false
        }
        None => false,
    }
}

/// A checkpoint of that id.
fn bytes(trainer: &Trainer<f32>, id: &str, claim: &Claim) -> Result<Vec<u8>, StoreError> {
    trainer.checkpoint(id).map_err(|e| StoreError::new(claim.folder(), e.to_string()))
}

/// When this sitting began, after how many steps, and what those before it had cost.
struct Started {
    wall: Instant,
    cpu: Duration,
    cost: Cost,
    from: u64,
}

impl Started {
    /// Without a trainer, as one was lost in a panic, what its threads used is not known.
    fn cost(&self, trainer: Option<&Trainer<f32>>) -> Cost {
        let cpu = clock::of_thread().saturating_sub(self.cpu) + trainer.map(Trainer::cpu).unwrap_or_default();
        Cost {
            wall_s: self.cost.wall_s + self.wall.elapsed().as_secs_f64(),
            cpu_s: self.cost.cpu_s + cpu.as_secs_f64(),
            peak_bytes: self.cost.peak_bytes.max(trainer.map_or(0, |t| t.bytes() as u64)),
            steps: self.cost.steps.map(|before| before + trainer.map_or(0, |t| t.done() - self.from)),
        }
    }
}
