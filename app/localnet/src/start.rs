//! `start`: a chain from its beginning to its end.

use {
    crate::{
        chain::{Chain, Genesis},
        connection::Connection,
        demo,
        description::{self, Description},
        fault::Fault,
        folder::Folder,
        keys::{DemoKey, DemoKeys},
        ports::Ports,
        program,
        when::Moment,
    },
    anyhow::Result,
    clap::Args,
    std::{
        io::{self, Read, Write},
        path::PathBuf,
        thread,
    },
    tokio::{
        signal::unix::{SignalKind, signal},
        sync::oneshot,
    },
};

/// How often free ports are chosen, should another process take one before the chain does.
const ATTEMPTS: usize = 5;

/// What `start` takes.
#[derive(Args)]
pub struct StartArgs {
    /// The program; by default what `cargo xtask build` made
    #[arg(
        long,
        value_name = "FILE.so",
        env = "EARNOUT_SO",
        default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/deploy/earnout.so"),
        hide_default_value = true
    )]
    program: PathBuf,
    /// Port of the RPC endpoint on 127.0.0.1; 0 for any that is free
    #[arg(long, value_name = "PORT", default_value_t = 8899)]
    rpc_port: u16,
    /// Port of the websocket endpoint on 127.0.0.1; 0 for any that is free
    #[arg(long, value_name = "PORT", default_value_t = 8900)]
    ws_port: u16,
    /// Folder of the demo keys and of localnet.json; by default target/localnet
    #[arg(
        long,
        value_name = "DIR",
        default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/localnet"),
        hide_default_value = true
    )]
    dir: PathBuf,
    /// Time of the first block (RFC 3339 or Unix seconds); by default now
    #[arg(long, value_name = "TIME")]
    time: Option<Moment>,
    /// Milliseconds between two blocks
    #[arg(long, value_name = "MS", default_value_t = 400, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    slot_ms: u64,
    /// Make a plan with five grants
    #[arg(long)]
    demo: bool,
    /// Stop when the standard input is closed, so that the chain does not outlive who started it
    #[arg(long)]
    with_parent: bool,
}

/// Starts a chain and returns when it has been stopped.
///
/// # Errors
/// If it cannot start, or fails.
pub async fn run(args: &StartArgs) -> Result<()> {
    // From the beginning, so that nothing is left behind when it is stopped early.
    let stopped = stop_request(args.with_parent)?;
    let program = program::read(&args.program)?;
    let folder = Folder::open(&args.dir)?;
    // Of a chain that was killed.
    description::remove(&folder)?;
    let keys = DemoKeys::of(&folder)?;
    let genesis = Genesis {
        time: args.time.unwrap_or_else(Moment::now),
        slot_ms: args.slot_ms,
        program: &program,
        program_file: &args.program,
        upgrade_authority: keys.upgrade_authority.pubkey(),
        endowed: keys.signers().map(DemoKey::pubkey).collect(),
    };
    let mut chain = start(args, &genesis).await?;
    let result = tokio::select! {
        result = serve(args, &folder, &keys, &genesis, &mut chain) => result,
        _ = stopped => Ok(()),
    };
    let removed = description::remove(&folder);
    chain.stop().await?;
    result.and(removed)
}

async fn start(args: &StartArgs, genesis: &Genesis<'_>) -> Result<Chain> {
    let asked = Ports {
        rpc: args.rpc_port,
        ws: args.ws_port,
    };
    let mut attempts = if asked.chosen_freely() { ATTEMPTS } else { 1 };
    loop {
        attempts -= 1;
        match Chain::start(genesis, asked.settle()?).await {
            Err(error) if attempts > 0 && !error.is::<Fault>() => eprintln!("{error:#}; trying other ports"),
            result => return result,
        }
    }
}

/// Sets up what was asked for, says that the chain is ready, and returns when it has ended.
async fn serve(
    args: &StartArgs,
    folder: &Folder,
    keys: &DemoKeys,
    genesis: &Genesis<'_>,
    chain: &mut Chain,
) -> Result<()> {
    let connection = Connection::to(&chain.rpc_url());
    let demo = match args.demo {
        true => Some(demo::set_up(&connection, keys).await?),
        false => None,
    };
    let description = Description::of(chain, keys, genesis.slot_ms, genesis.time, demo);
    description.write(folder)?;
    // Whoever started the process may not be listening any more.
    let _ = writeln!(io::stdout(), "{}", description.line());
    eprintln!("RPC {}, websocket {}", chain.rpc_url(), chain.ws_url());
    let program = args.program.canonicalize();
    let program = program.as_ref().unwrap_or(&args.program).display();
    eprintln!("program {} from {program}", earnout::ID);
    eprintln!("keys and addresses: {}", folder.description().display());
    eprintln!("the chain's time is {}", connection.clock().await?);
    chain.ended().await
}

/// Resolves on SIGINT and SIGTERM, and with `with_parent` when the standard input is closed.
fn stop_request(with_parent: bool) -> Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (closed, input) = oneshot::channel();
    let watcher = thread::Builder::new().name("standard input".to_owned());
    watcher.spawn(move || {
        if with_parent {
            let mut buffer = [0; 64];
            while io::stdin().read(&mut buffer).is_ok_and(|read| read > 0) {}
            let _ = closed.send(());
        } else {
            // Never resolves, while a dropped sender would.
            std::mem::forget(closed);
        }
    })?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
            _ = input => (),
        }
    })
}
