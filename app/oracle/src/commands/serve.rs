//! `serve` and `export`: evidence for everybody.

use {
    super::{DONE, LOOK},
    crate::{
        args::{Export, Serve},
        measure::Store,
        service::{Config, in_folder, serve},
        vote::Journal,
    },
    anyhow::{Context, Result, bail},
    earnout_sdk::text::amount::counted,
    std::{
        fs::{self, OpenOptions},
        io::{self, Write},
        os::unix::fs::OpenOptionsExt,
        path::Path,
        process,
    },
    tokio::{
        net::TcpListener,
        signal::unix::{SignalKind, signal},
    },
    tracing::info,
};

pub async fn run(args: &Serve) -> Result<u8> {
    if !args.folder.is_dir() {
        bail!("there is no folder {}", args.folder.display());
    }
    let listener = TcpListener::bind(args.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", args.listen))?;
    info!(address = %listener.local_addr()?, folder = %args.folder.display(), "evidence");
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        ended = serve::serve(listener, args.folder.clone()) => ended?,
        _ = terminate.recv() => (),
        _ = interrupt.recv() => (),
    }
    Ok(DONE)
}

pub fn export(args: &Export, config: &Config) -> Result<u8> {
    let store = config.service.state.join("evidence");
    Store::open(store.clone())?;
    let (named, individual) = Journal::beside(&config.service.state)?.documents()?;
    let left_out = match args.individual {
        true => 0,
        false => individual.difference(&named).count(),
    };
    let mut wanted = named;
    if args.individual {
        wanted.extend(individual);
    }
    let folder = &args.folder;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let (mut new, mut missing) = (0usize, 0usize);
    for hash in &wanted {
        let name = hex::encode(hash);
        if in_folder(folder, hash).is_ok_and(|found| found.is_some()) {
            continue;
        }
        match in_folder(&store, hash) {
            Ok(Some(bytes)) => {
                publish(&folder.join(&name), &bytes).with_context(|| format!("cannot write {name}"))?;
                new = new.saturating_add(1);
            }
            Ok(None) => {
                note!("missing: the state folder has no document {name}");
                missing = missing.saturating_add(1);
            }
            Err(reason) => {
                note!("missing: {reason}");
                missing = missing.saturating_add(1);
            }
        }
    }
    let there = wanted.len().saturating_sub(missing);
    say!("{} in {}, {new} new", counted(there, "document"), folder.display());
    if left_out > 0 {
        let of_persons = counted(left_out, "document");
        say!("{of_persons} of individual values left out: they tell about persons; --individual copies them too");
    }
    Ok(if missing > 0 { LOOK } else { DONE })
}

/// Writes a file that a web server may read, whole or not at all.
pub fn publish(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = file.with_extension(format!("{}.tmp", process::id()));
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => (),
    }
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(&unfinished)?;
    out.write_all(bytes)?;
    out.sync_all()?;
    fs::rename(&unfinished, file)
}
