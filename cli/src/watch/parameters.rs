//! Options that only some channels of a venue have.

use clap::ValueEnum;

use crate::outcome::{Failure, Outcome};

/// Fails if one of the options that were `given` is not `valid` for the channel.
pub(super) fn only<C: ValueEnum>(channel: &C, given: &[(&str, bool)], valid: &[&str]) -> Outcome {
    let wrong = given
        .iter()
        .find(|(name, given)| *given && !valid.contains(name));
    let Some((name, _)) = wrong else {
        return Ok(());
    };
    let channel = self::name(channel);
    let valid = match valid {
        [] => "it has no such options".to_owned(),
        some => format!("it has {}", some.join(" and ")),
    };
    Err(Failure::usage(format!("{channel} has no {name}: {valid}")))
}

/// The channel's name on the command line.
pub(super) fn name<C: ValueEnum>(channel: &C) -> String {
    channel
        .to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned())
}
