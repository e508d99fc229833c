//! Starting each venue's simulator from the command line.

use feedline::sim::dxlink::{DxLinkSim, DxLinkSimBuilder};
use feedline::sim::gate::GateSim;
use feedline::sim::tastytrade::TastytradeSim;
use feedline::sim::{Recording, Script, SimError};

use super::{Sim, SimVenue};
use crate::outcome::{Failure, Outcome};

/// A simulator at work.
pub(super) enum Started {
    Gate(GateSim),
    Dxlink(DxLinkSim),
    Tastytrade(Box<TastytradeSim>),
}

impl Started {
    pub(super) async fn start(args: &Sim) -> Outcome<Self> {
        let script = match &args.faults {
            Some(path) => Script::read(path).map_err(|error| Failure::from_chain(&error))?,
            None => Script::new(),
        };
        match args.venue {
            SimVenue::Gate => gate(args, script).await.map(Self::Gate),
            SimVenue::Dxlink => dxlink(args, script).await.map(Self::Dxlink),
            SimVenue::Tastytrade => {
                let sim = tastytrade(args, script).await?;
                Ok(Self::Tastytrade(Box::new(sim)))
            }
        }
    }

    pub(super) fn addresses(&self) -> Vec<String> {
        match self {
            Self::Gate(sim) => vec![sim.url(), sim.rest_url()],
            Self::Dxlink(sim) => vec![sim.url()],
            Self::Tastytrade(sim) => vec![sim.dxlink_url(), sim.account_url(), sim.rest_url()],
        }
    }

    /// How often somebody connected, and how many rules were broken.
    pub(super) fn counts(&self) -> (usize, usize) {
        match self {
            Self::Gate(sim) => (sim.attempts().len(), sim.breaches().len()),
            Self::Dxlink(sim) => (sim.attempts().len(), sim.breaches().len()),
            Self::Tastytrade(sim) => (sim.attempts().len(), sim.breaches().len()),
        }
    }

    pub(super) async fn shutdown(&self) {
        match self {
            Self::Gate(sim) => sim.shutdown().await,
            Self::Dxlink(sim) => sim.shutdown().await,
            Self::Tastytrade(sim) => sim.shutdown().await,
        }
    }
}

// It may run for months, and nobody asks for what it sent: no journal.

async fn gate(args: &Sim, script: Script) -> Outcome<GateSim> {
    let mut builder = GateSim::builder()
        .journal(false)
        .seed(args.seed)
        .rate(args.rate)
        .faults(script);
    if let Some(symbols) = &args.symbols {
        builder = builder.symbols(symbols.iter().map(String::as_str));
    }
    if let Some(path) = &args.frames {
        let recording = Recording::read(path).map_err(|error| Failure::from_chain(&error))?;
        builder = builder.recording(recording, args.looped);
    }
    builder.listen(&args.listen).await.map_err(failure)
}

async fn dxlink(args: &Sim, script: Script) -> Outcome<DxLinkSim> {
    let builder = DxLinkSim::builder()
        .journal(false)
        .seed(args.seed)
        .rate(args.rate)
        .faults(script);
    let mut builder = behave(builder, args)?;
    if let Some(symbols) = &args.symbols {
        builder = builder.symbols(symbols.iter().map(String::as_str));
    }
    builder.listen(&args.listen).await.map_err(failure)
}

async fn tastytrade(args: &Sim, script: Script) -> Outcome<TastytradeSim> {
    let options = &args.account;
    let secret = options.client_secret.as_deref().unwrap_or("test-secret");
    let refresh = options.refresh_token.as_deref().unwrap_or("test-refresh");
    let mut behaves = Ok(());
    let mut builder = TastytradeSim::builder()
        .journal(false)
        .seed(args.seed)
        .rate(args.rate)
        .faults(script)
        .credentials(secret, refresh)
        .account_rate(options.account_rate.unwrap_or(0.0))
        .bundled(options.bundled)
        .dxlink(|builder| match behave(builder.clone(), args) {
            Ok(changed) => changed,
            Err(failed) => {
                behaves = Err(failed);
                builder
            }
        });
    behaves?;
    if let Some(numbers) = &options.accounts {
        builder = builder.accounts(numbers.iter().map(String::as_str));
    }
    if let Some(url) = &options.dxlink_url {
        builder = builder.dxlink_url(url);
    }
    if let Some(symbols) = &args.symbols {
        builder = builder.symbols(symbols.iter().map(String::as_str));
    }
    builder.listen(&args.listen).await.map_err(failure)
}

/// Takes the options of market data over dxLink.
fn behave(mut builder: DxLinkSimBuilder, args: &Sim) -> Outcome<DxLinkSimBuilder> {
    let options = &args.market;
    if !options.tokens.is_empty() {
        builder = builder.tokens(options.tokens.iter().map(String::as_str));
    }
    for name in &options.without_fields {
        let Some((event, field)) = name.split_once('.') else {
            let text = format!("{name:?} is no field: write the type and it, as in Candle.VWAP");
            return Err(Failure::usage(text));
        };
        builder = builder.without_field(event, field);
    }
    Ok(builder
        .strict_order(options.strict_order)
        .auto_candles(!options.empty_auto_candles)
        .mixed_frames(options.mixed_frames))
}

fn failure(error: SimError) -> Failure {
    match error {
        error @ (SimError::Symbol { .. } | SimError::Rate { .. }) => {
            Failure::usage(error.to_string())
        }
        error => Failure::from_chain(&error),
    }
}
