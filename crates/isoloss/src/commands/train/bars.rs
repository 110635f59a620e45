//! Progress: a bar for the ladder and one for every run under way; where nobody watches, a line for every run that ends.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use isoloss_runs::record::{Run, StateName};
use isoloss_train::Progress;
use isoloss_train::job::{Event, Job};
use isoloss_train::trunk::own_flops;

use crate::numbers::size;
use crate::output::talk;

/// A bar is drawn again after this time: training has better to do.
const EVERY: Duration = Duration::from_millis(200);
/// Weight of a new loss in the mean that is shown.
const WEIGHT: f64 = 0.1;

/// The bars of a training.
pub struct Bars<'a> {
    jobs: &'a [Job],
    /// steps that other branches take for each job
    starts: Vec<u64>,
    /// FLOPs of every job's own steps, counted
    costs: Vec<f64>,
    /// FLOP/s of the matrix product on the threads of one run
    peak: f64,
    shown: MultiProgress,
    ladder: ProgressBar,
    watched: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    under_way: BTreeMap<usize, Watched>,
    ended: usize,
    /// FLOPs of what has ended
    cost: f64,
}

/// A run under way.
struct Watched {
    bar: ProgressBar,
    began: Instant,
    drawn: Instant,
    loss: f64,
    steps: u64,
    flops: u64,
}

/// Parts of the ladder's bar: FLOPs are too many for its counter.
const PARTS: u64 = 10_000;

impl<'a> Bars<'a> {
    pub fn new(jobs: &'a [Job], starts: Vec<u64>, side_by_side: usize, threads: usize) -> Self {
        let watched = stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let target = if watched { ProgressDrawTarget::stderr_with_hz(5) } else { ProgressDrawTarget::hidden() };
        let shown = MultiProgress::with_draw_target(target);
        let ladder = shown.add(ProgressBar::new(PARTS));
        ladder.set_style(style("{msg:32} {wide_bar} {percent:>3} %  {elapsed} of about {duration}"));
        ladder.set_message(format!("0 of {} runs", jobs.len()));
        let costs = jobs.iter().zip(&starts).map(|(job, &start)| own_flops(job, start)).collect();
        let peak = if watched { isoloss_train::peak(side_by_side) * threads as f64 } else { 0.0 };
        Self { jobs, starts, costs, peak, shown, ladder, watched, state: Mutex::default() }
    }

    /// Takes in an event of a job.
    pub fn tell(&self, number: usize, event: Event) {
        let mut state = self.state.lock().unwrap_or_else(|e| e.into_inner());
        let rung = self.label(number);
        match event {
            Event::Started { from } => self.start(&mut state, number, from),
            Event::Stepped(progress) => self.step(&mut state, number, progress),
            Event::Note(text) => self.say(&format!("note: {rung}: {text}")),
            Event::Elsewhere => self.say(&format!("{rung}: another program trains it")),
            Event::Ended(run) => self.ended(&mut state, number, run),
        }
    }

    /// Takes the bars away.
    pub fn end(&self) {
        self.ladder.finish_and_clear();
        drop(self.shown.clear());
    }

    fn start(&self, state: &mut State, number: usize, from: u64) {
        let bar = self.shown.add(ProgressBar::new(self.jobs[number].config.training.steps));
        bar.set_style(style("  {prefix:30} {bar:20} {msg}"));
        bar.set_prefix(self.label(number));
        bar.set_position(from);
        // Steps of other branches are no earlier sitting of this run.
        if from > self.starts[number] {
            let steps = self.jobs[number].config.training.steps;
            self.say(&format!("{}: resumed at step {from} of {steps}", self.label(number)));
        }
        let now = Instant::now();
        state.under_way.insert(number, Watched { bar, began: now, drawn: now, loss: f64::NAN, steps: 0, flops: 0 });
    }

    fn step(&self, state: &mut State, number: usize, progress: Progress) {
        let Some(run) = state.under_way.get_mut(&number) else { return };
        run.loss = if run.loss.is_nan() { progress.loss } else { run.loss + WEIGHT * (progress.loss - run.loss) };
        run.steps += 1;
        run.flops += progress.flops;
        if !self.watched || run.drawn.elapsed() < EVERY {
            return;
        }
        run.drawn = Instant::now();
        let training = &self.jobs[number].config.training;
        let seconds = run.began.elapsed().as_secs_f64();
        let tokens = (training.batch * training.seq_len) as f64 * run.steps as f64 / seconds;
        let share = run.flops as f64 / seconds / self.peak * 100.0;
        let left = seconds / run.steps as f64 * (training.steps - progress.step - 1) as f64;
        run.bar.set_position(progress.step + 1);
        run.bar.set_message(format!(
            "loss {:.3}  {} tokens/s  {share:.0} % of peak  {} left",
            run.loss,
            size(tokens),
            seconds_in_words(left)
        ));
        self.advance(state);
    }

    /// The ladder's bar stands at what has ended, and the part of the others that is done.
    fn advance(&self, state: &State) {
        let part = |(&i, run): (&usize, &Watched)| {
            let own = self.jobs[i].config.training.steps.saturating_sub(self.starts[i]).max(1);
            self.costs[i] * run.bar.position().saturating_sub(self.starts[i]) as f64 / own as f64
        };
        let done = state.cost + state.under_way.iter().map(part).sum::<f64>();
        self.ladder.set_position((done / self.costs.iter().sum::<f64>() * PARTS as f64) as u64);
    }

    fn ended(&self, state: &mut State, number: usize, run: &Run) {
        if let Some(watched) = state.under_way.remove(&number) {
            watched.bar.finish_and_clear();
            self.shown.remove(&watched.bar);
        }
        state.ended += 1;
        state.cost += self.costs[number];
        self.advance(state);
        self.ladder.set_message(format!("{} of {} runs", state.ended, self.jobs.len()));
        let what = match (&run.result, run.state.name) {
            (Some(result), _) => {
                let error = result
                    .loss_stderr
                    .map(|e| format!(" (standard error {})", crate::numbers::number(e, 2)))
                    .unwrap_or_default();
                format!("loss {:.4}{error}", result.loss)
            }
            (None, StateName::Interrupted) => format!("interrupted after {} steps", run.state.step),
            (None, name) => format!("{}: {}", name.word(), run.state.reason.as_deref().unwrap_or_default()),
        };
        let time = seconds_in_words(run.cost.wall_s);
        self.say(&format!("{}/{}  {}: {what}, {time}", state.ended, self.jobs.len(), self.label(number)));
    }

    /// What it is called; with its learning rate where several have the name, as the runs of a sweep do.
    fn label(&self, number: usize) -> String {
        let name = |job: &Job| job.labels.full();
        let (job, lr) = (&self.jobs[number], |job: &Job| job.config.training.lr);
        match self.jobs.iter().any(|other| name(other) == name(job) && lr(other) != lr(job)) {
            true => format!("{}, lr {}", name(job), crate::numbers::number(lr(job), 3)),
            false => name(job),
        }
    }

    /// A line above the bars.
    fn say(&self, text: &str) {
        if self.watched {
            drop(self.shown.println(text));
        } else {
            talk(format_args!("{text}"));
        }
    }
}

/// How a bar is drawn.
pub fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// `0.4 s`, `12 s`, `3 min`, `2.5 h`
pub fn seconds_in_words(seconds: f64) -> String {
    match seconds {
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{} days", size(s / 86_400.0)),
    }
}
