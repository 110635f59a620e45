//! What recipes do to learning rates, first weights and multipliers as models grow.

use std::sync::Arc;

use isoloss_train::config::{Rule, Training};
use isoloss_train::corpora::Source;
use isoloss_train::job::Job;
use isoloss_train::models::Config;
use isoloss_train::recipes::Recipe;
use isoloss_train::{RunConfig, Trainer, coordinates, schedules};
use serde_json::{Value, json};

use crate::common;

fn recipe(kind: &str, more: Value) -> Recipe {
    let mut settings = match kind {
        "mup" => json!({ "at": { "width": 16, "n_layer": 2, "batch": 4, "tokens": 65536 } }),
        _ => json!({ "at_width": 16 }),
    };
    let all = settings.as_object_mut().unwrap();
    all.extend([("batch".into(), json!(4)), ("seq_len".into(), json!(16)), ("lr".into(), json!(0.01))]);
    all.extend(more.as_object().unwrap().clone());
    Recipe::read(kind, settings).unwrap().unwrap()
}

fn model(d_model: usize, n_layer: usize, tied: bool) -> Config {
    common::shape(json!({ "d_model": d_model, "n_layer": n_layer, "head_dim": 8, "tied": tied }), 31)
}

fn mup(more: Value, d_model: usize, n_layer: usize) -> Training {
    recipe("mup", more).training(&model(d_model, n_layer, false), 65536.0).unwrap()
}

#[test]
fn at_its_own_shape_mup_changes_nothing() {
    let plain = recipe("plain", json!({})).training(&model(16, 2, false), 65536.0).unwrap();
    let mut here = mup(json!({}), 16, 2);
    assert_eq!(here.groups.residual, Some(here.groups.hidden));
    here.groups.residual = None;
    assert_eq!(here, plain);
}

/// A schedule is called in a recipe what it is called in the list, and multiplies by 0 to 1.
#[test]
fn every_schedule_can_be_asked_for() {
    for (name, _) in schedules::ALL {
        let training = recipe("plain", json!({ "schedule": name })).training(&model(16, 2, false), 65536.0).unwrap();
        assert_eq!(serde_json::to_value(training.schedule).unwrap()["kind"], *name);
        let multipliers: Vec<f64> = (0..training.steps).map(|i| training.schedule.at(i, training.steps)).collect();
        assert!(multipliers.iter().all(|m| (0.0..=1.0).contains(m)) && multipliers.contains(&1.0), "{name}");
    }
}

#[test]
fn width_depth_batch_and_length_change_what_they_should() {
    let base = mup(json!({}), 16, 2);
    let wide = mup(json!({}), 64, 2);
    assert_eq!((wide.lr, wide.groups.embedding.lr, wide.groups.norm.lr), (base.lr, 1.0, 1.0));
    assert_eq!((wide.groups.hidden.lr, wide.groups.head.lr, wide.groups.residual.unwrap().lr), (0.25, 0.25, 0.25));
    assert_eq!((wide.init.residual, wide.init.hidden), (base.init.residual, base.init.hidden));
    // Half the deviation of the head per root of its inputs: 1 / width in all.
    let headed = |d| mup(json!({ "init": { "embedding": 0.5, "hidden": 1.0, "residual": 0.5, "head": 1.0 } }), d, 2);
    assert_eq!((headed(16).init.head, headed(64).init.head), (1.0, 0.5));

    let deep = mup(json!({}), 16, 8);
    assert_eq!((deep.groups.residual.unwrap().lr, deep.groups.hidden.lr), (0.25, 1.0));
    assert_eq!(deep.init.residual, base.init.residual / 4.0);
    let deep = mup(json!({ "depth_power": 0.5 }), 16, 8);
    assert_eq!((deep.groups.residual.unwrap().lr, deep.init.residual), (0.5, base.init.residual / 2.0));

    let lr = |more: Value| mup(more, 16, 2).lr;
    assert!((lr(json!({ "batch": 16, "batch_power": 0.5 })) / base.lr - 2.0).abs() < 1e-12);
    let at = json!({ "width": 16, "n_layer": 2, "batch": 4, "tokens": 4096 });
    assert!((lr(json!({ "at": at, "tokens_power": 0.25 })) / base.lr - 0.5).abs() < 1e-12);
}

/// In a step at the peak a matrix loses as much of itself at every size.
#[test]
fn decay_does_not_depend_on_the_learning_rate() {
    for (d_model, n_layer) in [(16, 2), (64, 2), (16, 8)] {
        for lr in [0.01, 0.003] {
            let t = mup(json!({ "weight_decay": 1e-4, "lr": lr }), d_model, n_layer);
            for group in [t.groups.hidden, t.groups.head, t.groups.residual.unwrap()] {
                assert!((t.lr * group.lr * group.weight_decay / 1e-4 - 1.0).abs() < 1e-12, "{group:?}");
            }
            assert_eq!((t.groups.embedding.weight_decay, t.groups.norm.weight_decay), (0.0, 0.0));
        }
    }
}

/// Decay per unit of learning rate, as everybody else writes it, would leave nothing of a matrix here.
#[test]
fn decay_that_is_meant_for_other_recipes_is_refused() {
    let model = model(16, 2, false);
    let refused = recipe("mup", json!({ "weight_decay": 0.1 })).training(&model, 65536.0).unwrap_err();
    assert_eq!(refused.setting, "weight_decay");
    assert!(refused.says.contains("0.1 is what a matrix loses of itself in each step"), "{refused}");
    recipe("mup", json!({ "weight_decay": 0.01 })).training(&model, 65536.0).unwrap();
    recipe("plain", json!({ "weight_decay": 0.1 })).training(&model, 65536.0).unwrap();
}

/// What is built begins as the recipe says, and a tied head has its logits scaled.
#[test]
fn what_is_built_is_what_the_recipe_says() {
    let built = |d_model: usize, n_layer: usize, tied: bool| -> Trainer<f32> {
        let recipe = recipe("mup", json!({}));
        let model = model(d_model, n_layer, tied).with_logits(|width| recipe.logit_scale(width));
        let training = recipe.training(&model, 65536.0).unwrap();
        let (config, source) = common::rule();
        Trainer::new(&RunConfig { model, training, ..config }, source, 1)
    };
    let deviation = |trainer: &Trainer<f32>, name: &str| {
        let weights = trainer.params().view(trainer.params().get(name).unwrap());
        (weights.iter().map(|w| f64::from(w * w)).sum::<f64>() / weights.len() as f64).sqrt()
    };
    let shallow = deviation(&built(64, 2, false), "blocks.0.down");
    let deep = deviation(&built(64, 8, false), "blocks.0.down");
    assert!((shallow / deep / 4.0 - 1.0).abs() < 0.05, "{shallow} {deep}");
    assert!((deviation(&built(16, 2, false), "embedding") / 0.5 - 1.0).abs() < 0.1);
    let logits = |trainer: &Trainer<f32>| -> f64 {
        let (_, source) = common::rule();
        let seen = trainer.observe(&source.held_out(8, 16).unwrap().batch);
        let logits = &seen.iter().find(|(name, _)| name == "logits").unwrap().1;
        (logits.iter().map(|x| f64::from(x * x)).sum::<f64>() / logits.len() as f64).sqrt()
    };
    // The stream has elements of 1 behind the last norm, and those of the embedding 0.5: a token's own logit is of the order
    // of width / 2, the others of the order of its root; the recipe divides both by 4 at 64.
    let plain = |d| {
        let (config, source) = common::rule();
        let training = recipe("plain", json!({})).training(&model(d, 2, true), 65536.0).unwrap();
        Trainer::<f32>::new(&RunConfig { model: model(d, 2, true), training, ..config }, source, 1)
    };
    assert_eq!(logits(&built(16, 2, true)), logits(&plain(16)));
    assert!((logits(&plain(64)) / logits(&built(64, 2, true)) - 4.0).abs() < 1e-5);
}

#[test]
fn muon_moves_the_matrices_inside_and_nothing_else() {
    let t = mup(json!({ "optimiser": "muon" }), 64, 2);
    let rules = [t.groups.embedding, t.groups.head, t.groups.norm].map(|group| group.rule);
    assert_eq!(rules, [Rule::AdamW; 3]);
    assert_eq!([t.groups.hidden.rule, t.groups.residual.unwrap().rule], [Rule::Muon; 2]);
    assert_eq!((t.momentum, t.groups.hidden.lr, t.groups.head.lr), (Some(0.95), 0.5, 0.25));
    assert_eq!(mup(json!({}), 64, 2).momentum, None);
    // It learns, and goes on bit for bit.
    let (config, source) = common::rule();
    let training = recipe("plain", json!({ "optimiser": "muon" })).training(&config.model, 2560.0).unwrap();
    let config = RunConfig { training, ..config };
    let mut straight = Trainer::<f32>::new(&config, source.clone(), 1);
    let losses: Vec<f64> = (0..40).map(|_| straight.advance().unwrap().loss).collect();
    assert!(losses[35..].iter().sum::<f64>() < 0.8 * losses[..5].iter().sum::<f64>(), "{losses:?}");
    let mut first = Trainer::<f32>::new(&config, source.clone(), 2);
    (0..17).for_each(|_| _ = first.advance().unwrap());
    let mut second = Trainer::<f32>::new(&config, source, 1);
    second.restore("id", &first.checkpoint("id").unwrap()).unwrap();
    let rest: Vec<f64> = (17..40).map(|_| second.advance().unwrap().loss).collect();
    assert_eq!(rest, losses[17..]);
    assert_eq!(second.params().weights(), straight.params().weights());
}

/// A wider model under a recipe that does not cover width moves its activations further, under muP it does not.
#[test]
fn a_coordinate_check_tells_recipes_apart() {
    let source: Arc<dyn Source> = Arc::new(common::Rule { vocab: 31 });
    let change = |recipe: &Recipe, d_model: usize| {
        let model = model(d_model, 2, false);
        let training = recipe.training(&model, 65536.0).unwrap();
        let (config, _) = common::rule();
        let held_out = Arc::new(source.held_out(8, 16).unwrap());
        let job = Job::new(RunConfig { model, training, ..config }, source.clone(), held_out, Default::default());
        let seen = coordinates(&job, 8, 8).unwrap();
        seen.iter().find(|c| c.name == "stream 2").unwrap().change
    };
    let constant = json!({ "schedule": "constant", "warmup": 0 });
    let power = |recipe: &Recipe| (change(recipe, 256) / change(recipe, 32)).log2() / 3.0;
    let mut flat = constant.clone();
    flat["width_power"] = json!(0.0);
    let (covered, not) = (power(&recipe("mup", constant)), power(&recipe("plain", flat)));
    assert!(covered.abs() < 0.15 && not > 0.3, "{covered} {not}");
}
