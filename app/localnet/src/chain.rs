//! The chain itself: a virtual machine with an RPC and a websocket server, in threads of this process.

use {
    crate::{ports::Ports, program, when::Moment},
    anyhow::{Context, Result, anyhow, ensure},
    crossbeam_channel::{Receiver, Sender},
    earnout_sdk::client::VERSION_1_FEATURE,
    solana_program::pubkey::Pubkey,
    std::{
        panic::{AssertUnwindSafe, catch_unwind},
        path::Path,
        thread,
        time::Duration,
    },
    surfpool_core::{
        runloops::start_local_surfnet_runloop,
        surfnet::{
            locker::SurfnetSvmLocker,
            svm::{SurfnetSvm, SurfnetSvmConfig},
        },
    },
    surfpool_types::{
        BlockProductionMode, RpcConfig, SimnetCommand, SimnetConfig, SimnetEvent, SurfpoolConfig, SvmFeatureConfig,
    },
    tokio::{runtime::Runtime, sync::watch, time::timeout},
};

/// Lamports that each demo key has at the start: 1,000 SOL.
const ENDOWMENT: u64 = 1_000_000_000_000;

/// How long starting and stopping may take, for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long open requests may keep the servers from closing.
const CLOSING: Duration = Duration::from_secs(5);

const SERVERS: u8 = 2;

/// What a chain begins with.
pub struct Genesis<'a> {
    pub time: Moment,
    /// Milliseconds between two blocks.
    pub slot_ms: u64,
    /// Bytes of the program.
    pub program: &'a [u8],
    /// Where they are from.
    pub program_file: &'a Path,
    /// May replace the program.
    pub upgrade_authority: Pubkey,
    /// Who has SOL.
    pub endowed: Vec<Pubkey>,
}

/// A running chain.
pub struct Chain {
    ports: Ports,
    commands: Sender<SimnetCommand>,
    progress: watch::Receiver<Progress>,
}

#[derive(Clone, Debug, Default)]
struct Progress {
    ready: bool,
    /// The result, once the chain has ended.
    ended: Option<Result<(), String>>,
    servers_closed: u8,
}

impl Chain {
    /// Starts a chain with the program on it, and waits until it answers.
    ///
    /// # Errors
    /// If the file is not a program, or a port is taken.
    pub async fn start(genesis: &Genesis<'_>, ports: Ports) -> Result<Self> {
        let config = SurfpoolConfig {
            simnets: vec![SimnetConfig {
                offline_mode: true,
                remote_rpc_url: None,
                slot_time: genesis.slot_ms,
                block_production_mode: BlockProductionMode::Clock,
                airdrop_addresses: genesis.endowed.clone(),
                airdrop_token_amount: ENDOWMENT,
                // It would run every transaction several times.
                instruction_profiling_enabled: false,
                ..SimnetConfig::default()
            }],
            rpc: RpcConfig {
                bind_host: "127.0.0.1".to_owned(),
                bind_port: ports.rpc,
                ws_port: ports.ws,
                ..RpcConfig::default()
            },
            ..SurfpoolConfig::default()
        };
        let machine = SurfnetSvmConfig {
            slot_time: genesis.slot_ms,
            instruction_profiling_enabled: false,
            // The features that are active on mainnet; the list that comes with the crate is older than the last one.
            feature_config: SvmFeatureConfig::default().enable(VERSION_1_FEATURE),
            ..SurfnetSvmConfig::default()
        };
        let (machine, events, geyser_events) =
            SurfnetSvm::new(machine).map_err(|error| anyhow!("cannot make the chain: {error}"))?;
        let machine = SurfnetSvmLocker::new(machine);
        set_time(&machine, genesis.time);
        deploy(&machine, genesis).await?;

        let (commands, incoming) = crossbeam_channel::unbounded();
        let (progress, watched) = watch::channel(Progress::default());
        spawn("events", {
            let progress = progress.clone();
            move || follow(&events, &progress)
        })?;
        spawn("chain", {
            let commands = commands.clone();
            // On a thread of its own, because the loop blocks while it waits for the next block.
            let run = move || {
                let runtime = Runtime::new().map_err(|error| error.to_string())?;
                let work = start_local_surfnet_runloop(machine, config, commands, incoming, geyser_events);
                runtime.block_on(work).map_err(|error| error.to_string())
            };
            move || {
                let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err("it panicked".to_owned()));
                progress.send_modify(|progress| progress.ended = Some(result));
            }
        })?;

        let mut chain = Self {
            ports,
            commands,
            progress: watched,
        };
        let ready = chain.wait(PATIENCE, |progress| progress.ready || progress.ended.is_some());
        let progress = ready.await.context("the chain did not start")?;
        if let Some(Err(error)) = progress.ended {
            return Err(anyhow!("the chain did not start: {error}"));
        }
        ensure!(progress.ready, "the chain did not start");
        Ok(chain)
    }

    /// Where it answers JSON-RPC.
    pub fn rpc_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.rpc)
    }

    /// Where it takes subscriptions.
    pub fn ws_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.ports.ws)
    }

    /// Returns when the chain has ended by itself, or because a client asked for it.
    ///
    /// # Errors
    /// If it failed.
    pub async fn ended(&mut self) -> Result<()> {
        let ended = self.progress.wait_for(|progress| progress.ended.is_some()).await;
        let result = ended.context("the chain has failed")?.ended.clone();
        result
            .unwrap_or(Ok(()))
            .map_err(|error| anyhow!("the chain has failed: {error}"))
    }

    /// Ends the chain and waits until its ports are free.
    ///
    /// # Errors
    /// If that takes too long.
    pub async fn stop(mut self) -> Result<()> {
        // The channel is closed if the chain has ended already.
        let _ = self.commands.send(SimnetCommand::Terminate(None));
        let ended = self.wait(PATIENCE, |progress| progress.ended.is_some()).await;
        ended.context("the chain did not stop")?;
        // Requests that never end, like open subscriptions, must not keep the process alive.
        let _ = self.wait(CLOSING, |progress| progress.servers_closed >= SERVERS).await;
        Ok(())
    }

    async fn wait(&mut self, patience: Duration, reached: impl FnMut(&Progress) -> bool) -> Result<Progress> {
        let progress = timeout(patience, self.progress.wait_for(reached)).await??;
        Ok(progress.clone())
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(work)?;
    Ok(())
}

/// The first block is of this time. The rest of the chain's time follows from the number of its blocks.
fn set_time(machine: &SurfnetSvmLocker, time: Moment) {
    machine.with_svm_writer(move |machine| {
        machine.updated_at = time.millis();
        machine.genesis_updated_at = time.millis();
        machine.reconstruct_sysvars();
    });
}

/// Puts the program on the chain as the upgradeable loader would have: an account for the program, and one for its
/// bytes and authority.
async fn deploy(machine: &SurfnetSvmLocker, genesis: &Genesis<'_>) -> Result<()> {
    let not_a_program = |error: String| program::not_a_program(genesis.program_file, error);
    let authority = Some(genesis.upgrade_authority);
    let written = machine.write_program(earnout::ID, authority, 0, genesis.program, &None);
    written.await.map_err(|error| not_a_program(error.to_string()))?;
    // Writing accepts parts of a program, so it does not tell whether the whole is one. Storing the account again does.
    let loaded = machine.with_svm_writer(|machine| {
        let account = machine.get_account(&earnout::ID).map_err(|error| error.to_string())?;
        let account = account.ok_or_else(|| "it was not stored".to_owned())?;
        let stored = machine.set_account(&earnout::ID, account);
        stored.map_err(|error| error.to_string())
    });
    Ok(loaded.map_err(not_a_program)?)
}

/// Takes note of what happens, and shows what went wrong, until the chain is gone.
fn follow(events: &Receiver<SimnetEvent>, progress: &watch::Sender<Progress>) {
    for event in events {
        match event {
            SimnetEvent::CoreStarted(_) => progress.send_modify(|progress| progress.ready = true),
            SimnetEvent::Shutdown => progress.send_modify(|progress| progress.servers_closed += 1),
            SimnetEvent::Aborted(what) => {
                eprintln!("chain: {what}");
                progress.send_modify(|progress| progress.ended = Some(Err(what)));
            }
            SimnetEvent::ErrorLog(_, what) | SimnetEvent::WarnLog(_, what) => eprintln!("chain: {what}"),
            _ => (),
        }
    }
}
