//! Real servers for the sources: PostgreSQL and Prometheus of the system's packages, each from a folder of its own on a
//! free port. `cargo xtask e2e` installs them.

use {
    earnout_e2e::PATIENCE,
    std::{
        fs,
        net::{TcpListener, TcpStream},
        os::unix::process::CommandExt,
        path::{Path, PathBuf},
        process::{Child, Command, Stdio},
        thread,
        time::{Duration, Instant},
    },
    tempfile::TempDir,
};

/// `nobody`: PostgreSQL does not run as root.
const NOBODY: u32 = 65_534;

/// A server that ends with this value.
pub struct Server {
    pub port: u16,
    child: Child,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// PostgreSQL with the result of `sql` in it. Connects as `nobody` to the database `postgres` without a password.
pub fn postgres(sql: &str) -> Server {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let as_nobody = |program: &str| {
        let mut command = Command::new(newest_postgres().join(program));
        command.current_dir(folder.path()).stdout(Stdio::null());
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    };
    if is_root() {
        std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("a folder of this test");
    }
    let mut initialize = as_nobody("initdb");
    initialize
        .args(["--username=nobody", "--auth=trust", "--no-sync", "-D"])
        .arg(&data);
    assert!(initialize.status().expect("initdb runs").success());
    let port = free_port();
    let mut start = as_nobody("postgres");
    start
        .args(["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c"])
        .arg(format!("unix_socket_directories={}", folder.path().display()))
        .args(["-p", &port.to_string(), "-D"])
        .arg(&data)
        .stderr(Stdio::null());
    let server = Server {
        port,
        child: start.spawn().expect("postgres runs"),
        _folder: folder,
    };
    wait_for(port);
    let begun = Instant::now();
    // It listens before it takes connections.
    loop {
        let done = Command::new("psql")
            .args(["-v", "ON_ERROR_STOP=1", "-q", "-c", sql])
            .arg(format!("host=127.0.0.1 port={port} user=nobody dbname=postgres"))
            .output()
            .expect("psql runs");
        let complaint = String::from_utf8_lossy(&done.stderr);
        if done.status.success() {
            return server;
        }
        assert!(
            complaint.contains("starting up") && begun.elapsed() < PATIENCE,
            "psql: {complaint}"
        );
        thread::sleep(Duration::from_millis(50));
    }
}

/// Prometheus with samples of the past: lines of OpenMetrics, `name value seconds`.
pub fn prometheus(metrics: &str) -> Server {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    fs::write(path("metrics"), format!("{metrics}\n# EOF\n")).expect("a file of this test");
    fs::write(path("prometheus.yml"), "global: {}\n").expect("a file of this test");
    let made = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([path("metrics"), path("data")])
        .output()
        .expect("promtool runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let port = free_port();
    let child = Command::new("prometheus")
        .arg(format!("--config.file={}", path("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", path("data").display()))
        .arg("--storage.tsdb.retention.time=20y")
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("prometheus runs");
    let server = Server {
        port,
        child,
        _folder: folder,
    };
    wait_for(port);
    server
}

fn newest_postgres() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL's server is installed");
    let mut versions: Vec<_> = versions.map(|version| version.expect("a folder").path()).collect();
    versions.sort();
    versions.pop().expect("PostgreSQL's server is installed").join("bin")
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn wait_for(port: u16) {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < PATIENCE, "nothing listens on port {port}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A commit to the repository in `folder`, which is made if need be.
pub fn commit(folder: &Path, name: &str, author: &str, time: &str) {
    let git = |arguments: &[&str]| {
        let done = Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(["-c", "user.name=Somebody", "-c", &format!("user.email={author}")])
            .args(arguments)
            .env("GIT_COMMITTER_DATE", time)
            .env("GIT_AUTHOR_DATE", time)
            .output()
            .expect("git runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    if !folder.join(".git").exists() {
        fs::create_dir_all(folder).expect("a folder of this test");
        git(&["init", "--quiet"]);
    }
    let file = folder.join(name);
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder of this test");
    fs::write(&file, format!("{name} {time}")).expect("a file of this test");
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", name]);
}
