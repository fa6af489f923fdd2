//! SBF builds with the installed toolchain.

use {
    super::toolchain::{LINKER, Toolchain},
    crate::{
        installed, paths,
        program::Tuning,
        run::{self, Run},
    },
    anyhow::{Context, Result},
    std::{
        env, fs,
        path::{Path, PathBuf},
        process,
    },
};

const LINK_SH: &str = include_str!("../../sbf/link.sh");
const INT128: &str = include_str!("../../sbf/int128.ll");

/// The target, after which cargo names its directory and the environment variable below.
///
/// Its description is what rustc has for BPF, with an operating system of which std has a platform whose system calls
/// are plain symbols (unused, they vanish) and with `allows-misaligned-mem-access`: the virtual machine loads and
/// stores at any address, and without the feature LLVM takes every load from packed data apart into bytes, which costs
/// a claim 14,379 units instead of 9,003 and makes the program 70% larger.
const TARGET: &str = "sbf-solana";

/// Builds `packages`, each with these features, in one go and returns the directory where cargo left them, each as
/// `lib<name>.so`.
pub fn build(packages: &[&str], features: &[&str], tuning: &Tuning) -> Result<PathBuf> {
    compile(&Toolchain::get()?, packages, features, tuning, None)
}

/// The same; with `dump`, links them anew and leaves LLVM's last intermediate form in that directory.
pub fn compile(
    toolchain: &Toolchain,
    packages: &[&str],
    features: &[&str],
    tuning: &Tuning,
    dump: Option<&Path>,
) -> Result<PathBuf> {
    let root = paths::root();
    let target_dir = installed::target_dir()?;
    let int128 = assemble_int128(toolchain, &target_dir)?;

    let mut cargo = run::cargo();
    cargo
        .current_dir(&root)
        // build-std and a custom target on the stable compiler.
        .env("RUSTC_BOOTSTRAP", "1")
        // Lets crates use a std that has no platform for the target.
        .env("RUSTC_BOOTSTRAP_SYNTHETIC_TARGET", "1")
        .env("__CARGO_TESTS_ONLY_SRC_ROOT", &toolchain.library)
        .env("CARGO_ENCODED_RUSTFLAGS", rust_flags(toolchain, &root))
        .env("CARGO_TARGET_SBF_SOLANA_LINKER", root.join("xtask/sbf/link.sh"))
        .env("EARNOUT_SBF_TOOLCHAIN", &toolchain.dir)
        .env("EARNOUT_SBF_LIB", &toolchain.llvm_lib)
        .env("EARNOUT_SBF_INT128", &int128)
        .args([if dump.is_some() { "rustc" } else { "build" }, "--release", "--locked"])
        .arg("--lib")
        .args(packages.iter().flat_map(|package| ["--package", package]))
        .args(packages.iter().flat_map(|package| {
            let features = features.iter().chain(&["upstream-sbf"]);
            features.flat_map(move |feature| ["--features".to_owned(), format!("{package}/{feature}")])
        }))
        .args(["-Zjson-target-spec", "-Zbuild-std=std,panic_abort", "--target"])
        .arg(format!("xtask/sbf/{TARGET}.json"))
        .args(tuning.cargo_args());
    if let Some(dump) = dump {
        // A flag of the program's crate alone makes cargo link again without compiling anything else.
        let flag = format!("--check-cfg=cfg(earnout_dump_{})", process::id());
        cargo.env("EARNOUT_SBF_DUMP", dump).arg("--").arg(flag);
    }
    run::with_progress(&mut cargo, &format!("building {}", packages.join(", ")))?;
    Ok(target_dir.join(TARGET).join("release"))
}

/// The compiler's flags, the same on every machine but for the prefixes that are mapped away.
///
/// What is left of the machine in the built file are type identifiers, a few dozen bytes: cargo derives those of the
/// standard library from where its source lies. So every checkout with the same cache directory builds the same file.
fn rust_flags(toolchain: &Toolchain, root: &Path) -> String {
    let mut flags = [
        // SBF has no atomics and one thread.
        "-Cpasses=lower-atomic",
        // What the Solana crates look for to make real system calls.
        "--cfg=target_os=\"solana\"",
        // std's allocator must know an architecture's smallest alignment: this one's is 8 bytes, as here.
        "--cfg=target_arch=\"csky\"",
        "-Aexplicit_builtin_cfgs_in_flags",
        "-Zunstable-options",
        // std's panic machinery needs writable statics, which SBF forbids; a panic still fails the instruction.
        "-Cpanic=immediate-abort",
        "-Crelocation-model=static",
    ]
    .map(str::to_owned)
    .to_vec();
    // cargo does not know what else goes into the link: without this, a change of it would leave the old program.
    flags.push(format!("--cfg=earnout_link=\"{:016x}\"", fingerprint()));
    flags.push("--check-cfg=cfg(earnout_link,values(any()))".to_owned());
    let cargo_home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let prefixes = [
        (Some(toolchain.library.as_path()), "/rust-src"),
        (cargo_home.as_deref(), "/cargo"),
        (Some(root), "/earnout"),
    ];
    for (prefix, shown) in prefixes {
        if let Some(prefix) = prefix {
            flags.push(format!("--remap-path-prefix={}={shown}", prefix.display()));
        }
    }
    flags.join("\u{1f}")
}

/// FNV-1a over what is linked besides the crates; the standard library's hasher may change with the compiler.
fn fingerprint() -> u64 {
    [LINK_SH, INT128, LINKER]
        .iter()
        .flat_map(|part| part.bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

/// Turns the 128-bit calls into bitcode, under a name that changes with them.
fn assemble_int128(toolchain: &Toolchain, target_dir: &Path) -> Result<PathBuf> {
    let dir = target_dir.join(TARGET);
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let bitcode = dir.join(format!("int128-{:016x}.bc", fingerprint()));
    if !bitcode.exists() {
        let unfinished = dir.join(format!("int128-{}.tmp", process::id()));
        toolchain
            .llvm_command("llvm-as")?
            .arg(paths::root().join("xtask/sbf/int128.ll"))
            .arg("-o")
            .arg(&unfinished)
            .stdout_of("assembling xtask/sbf/int128.ll")?;
        fs::rename(&unfinished, &bitcode).with_context(|| format!("cannot create {}", bitcode.display()))?;
    }
    Ok(bitcode)
}
