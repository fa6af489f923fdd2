//! The buffer from which the loader takes a program.
//!
//! Its address follows from the payer and the bytes. So a run that was interrupted is taken up by the next one, which
//! compares what is there with the file and writes what is missing: nothing has to be remembered in between.

use {
    crate::{cluster::Cluster, program_file::ProgramFile},
    anyhow::{Context, Result, bail, ensure},
    earnout_sdk::{
        client::bulk::{Bulk, Job, Journal, Options, Outcome, Progress},
        send::{
            Version,
            packing::{self, Envelope},
        },
    },
    indicatif::{ProgressBar, ProgressStyle},
    sha2::{Digest, Sha256},
    solana_loader_v3_interface::{instruction as loader, state::UpgradeableLoaderState},
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    solana_sdk_ids::{bpf_loader_upgradeable, system_program},
    solana_signer::Signer,
    solana_system_interface::instruction as system,
};

/// Form of the transactions that write it: the loader refuses instructions of more than 1,232 bytes, so a larger
/// transaction holds no larger part.
const VERSION: Version = Version::Zero;

/// Compute units of a write: the loader takes 2,370 for any instruction, the compute budget 150 for each of its own.
const WRITE_UNITS: u32 = 2_370 + 2 * 150;

/// Writes under way at the same time.
const IN_FLIGHT: usize = 64;

/// Characters of a seed, its longest.
const SEED: usize = 32;

/// A buffer for a program.
pub struct Buffer<'a> {
    pub address: Pubkey,
    seed: String,
    file: &'a ProgramFile,
    payer: Pubkey,
    /// Who may write, and use it.
    authority: &'a dyn Signer,
}

/// How far a buffer is.
pub struct State {
    /// Lamports on its address.
    pub lamports: u64,
    /// Who may write it; `None` if it does not exist yet.
    pub authority: Option<Pubkey>,
    /// Where chunks begin that are not written yet.
    pub missing: Vec<usize>,
}

impl<'a> Buffer<'a> {
    /// The buffer of this payer for this file.
    ///
    /// # Errors
    /// If the address cannot be derived.
    pub fn of(cluster: &Cluster, file: &'a ProgramFile, authority: &'a dyn Signer) -> Result<Self> {
        let mut seed = hex::encode(Sha256::digest(&file.bytes));
        seed.truncate(SEED);
        let payer = cluster.payer.pubkey();
        let address = Pubkey::create_with_seed(&payer, &seed, &bpf_loader_upgradeable::ID)?;
        Ok(Self {
            address,
            seed,
            file,
            payer,
            authority,
        })
    }

    /// Bytes of its account.
    pub fn space(&self) -> usize {
        UpgradeableLoaderState::size_of_buffer(self.file.bytes.len())
    }

    /// How many chunks there are.
    ///
    /// # Errors
    /// If a transaction has no room for any.
    pub fn chunks(&self) -> Result<usize> {
        Ok(self.file.bytes.len().div_ceil(self.chunk()?))
    }

    /// Bytes that a transaction has room for.
    fn chunk(&self) -> Result<usize> {
        let envelope = Envelope {
            version: VERSION,
            payer: self.payer,
            priced: true,
            spare: 0,
        };
        // The length of so many takes as many bytes as that of more.
        const SOME: usize = 128;
        let write = loader::write(&self.address, &self.authority.pubkey(), 0, vec![0; SOME]);
        let room = (VERSION.most_bytes() + SOME).checked_sub(packing::bytes(&envelope, &[write]));
        let room = room.filter(|room| *room >= SOME);
        room.context("a transaction has no room for a part of the program")
    }

    /// Lamports that writing a chunk costs: a signature of the payer, and one of the authority if that is another key.
    pub fn fee(&self, unit_price: u64) -> u64 {
        let signatures = if self.authority.pubkey() == self.payer { 1 } else { 2 };
        let priority = u64::from(WRITE_UNITS).saturating_mul(unit_price).div_ceil(1_000_000);
        (signatures * 5_000u64).saturating_add(priority)
    }

    /// Looks at the chain.
    ///
    /// # Errors
    /// If something else is at its address, or the endpoint does not answer.
    pub async fn state(&self, cluster: &Cluster) -> Result<State> {
        let chunk = self.chunk()?;
        let starts = (0..self.file.bytes.len()).step_by(chunk);
        let account = match cluster.client.account(&self.address).await? {
            Some(account) if account.owner != system_program::ID => account,
            // Not there. But somebody may have sent lamports to the address.
            none => {
                return Ok(State {
                    lamports: none.map_or(0, |account| account.lamports),
                    authority: None,
                    missing: starts.collect(),
                });
            }
        };
        let Ok(UpgradeableLoaderState::Buffer { authority_address }) = bincode::deserialize(&account.data) else {
            bail!("{} is not the buffer that it should be", self.address);
        };
        let written = account.data.get(UpgradeableLoaderState::size_of_buffer_metadata()..);
        let written = written.unwrap_or_default();
        ensure!(
            account.data.len() == self.space(),
            "the buffer {} has another size than the program",
            self.address
        );
        let differs = |start: &usize| {
            let range = *start..(start + chunk).min(self.file.bytes.len());
            written.get(range.clone()) != self.file.bytes.get(range)
        };
        Ok(State {
            lamports: account.lamports,
            authority: authority_address,
            missing: starts.filter(differs).collect(),
        })
    }

    /// Makes the account. Also where somebody has sent lamports to its address, which an ordinary creation would
    /// refuse.
    ///
    /// # Errors
    /// If the chain refuses it.
    pub async fn create(&self, cluster: &Cluster, state: &State, rent: u64) -> Result<()> {
        let space = u64::try_from(self.space())?;
        let mut instructions = Vec::new();
        if let Some(missing) = rent.checked_sub(state.lamports).filter(|missing| *missing > 0) {
            instructions.push(system::transfer(&self.payer, &self.address, missing));
        }
        instructions.push(system::allocate_with_seed(
            &self.address,
            &self.payer,
            &self.seed,
            space,
            &bpf_loader_upgradeable::ID,
        ));
        let length = self.file.bytes.len();
        let create = loader::create_buffer(&self.payer, &self.address, &self.authority.pubkey(), rent, length);
        // Without its first, which would make the account: it exists.
        let initialize = create.context("cannot make the buffer's instructions")?.pop();
        instructions.push(initialize.context("a buffer is initialised")?);
        cluster
            .send(instructions, &[])
            .await
            .context("cannot make the buffer")?;
        Ok(())
    }

    /// Writes chunks and returns when all are on the chain.
    ///
    /// # Errors
    /// If one cannot be written. What was written stays: the next run goes on from there.
    pub async fn fill(&self, cluster: &Cluster, missing: &[usize]) -> Result<()> {
        let chunk = self.chunk()?;
        let jobs = missing.iter().map(|start| {
            let end = (start + chunk).min(self.file.bytes.len());
            let bytes = self.file.bytes.get(*start..end).unwrap_or_default().to_vec();
            let offset = u32::try_from(*start)?;
            Ok(Job {
                items: vec![offset],
                instructions: vec![loader::write(&self.address, &self.authority.pubkey(), offset, bytes)],
                units: WRITE_UNITS,
            })
        });
        let jobs = jobs.collect::<Result<Vec<_>>>()?;
        let bulk = Bulk {
            endpoint: &cluster.client,
            fee_payer: &*cluster.payer,
            signers: vec![self.authority],
            options: Options {
                version: VERSION,
                unit_price: cluster.unit_price,
                in_flight: IN_FLIGHT,
                ..Options::default()
            },
        };
        let bar = ProgressBar::new(u64::try_from(jobs.len())?);
        bar.set_style(ProgressStyle::with_template(
            "  writing   {pos} of {len} chunks, {eta} left {msg}",
        )?);
        let mut show = |progress: &Progress| {
            bar.set_position(u64::try_from(progress.items).unwrap_or_default());
            bar.set_message(progress.trouble.clone().unwrap_or_default());
        };
        // The buffer itself is the journal.
        let finished = bulk
            .run(&mut Journal::nowhere(), &jobs, &mut Progress::default(), &mut show)
            .await;
        bar.finish_and_clear();
        let finished = finished.context("the program is not written completely; run the step again to go on")?;
        let unwritten = finished
            .iter()
            .filter(|job| !matches!(job.outcome, Outcome::Executed(_)));
        let (mut count, mut why) = (0usize, String::new());
        for job in unwritten {
            count += 1;
            if let Outcome::Failed { failure, .. } = &job.outcome {
                why = format!(", the last because: {failure}");
            }
        }
        ensure!(
            count == 0,
            "{count} of {} chunks are not written{why}; run the step again to go on",
            jobs.len()
        );
        Ok(())
    }

    /// The instruction that lets somebody else use it.
    pub fn hand_over(&self, to: &Pubkey) -> Instruction {
        loader::set_buffer_authority(&self.address, &self.authority.pubkey(), to)
    }
}
