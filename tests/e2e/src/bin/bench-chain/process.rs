//! Running the command, with its time and its memory.

use {
    earnout_e2e::Earnout,
    serde_json::Value,
    std::{
        fs,
        io::Read,
        process::{Child, ChildStderr, ChildStdout},
        thread,
        time::{Duration, Instant},
    },
};

/// Between two looks at the memory.
const PAUSE: Duration = Duration::from_millis(2);

/// A process that succeeded.
pub struct Measured {
    pub elapsed: Duration,
    /// Time that processors worked for it.
    pub cpu: Duration,
    /// Largest resident memory, as the system counts it (`VmHWM`), KiB.
    pub peak_kib: u64,
    pub stdout: String,
}

impl Measured {
    /// What it wrote as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("JSON")
    }
}

/// Runs the command to its end.
///
/// # Panics
/// If it fails.
pub fn run(earnout: &Earnout, arguments: &[&str]) -> Measured {
    follow(earnout.spawn(arguments), &format!("earnout {}", arguments.join(" ")))
}

/// Waits for the end of a process that has just been started with its outputs captured.
///
/// # Panics
/// If it fails.
pub fn follow(child: Child, name: &str) -> Measured {
    ended(child).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The same of a process that may fail.
///
/// # Errors
/// What it says then.
pub fn ended(mut child: Child) -> Result<Measured, String> {
    let begun = Instant::now();
    let out = read(child.stdout.take().map(Pipe::Out));
    let err = read(child.stderr.take().map(Pipe::Err));
    let (mut peak_kib, mut cpu) = (0, Duration::ZERO);
    let status = loop {
        // The system keeps the largest value, so that the last look before the end counts.
        peak_kib = peak(child.id()).unwrap_or_default().max(peak_kib);
        cpu = worked(child.id()).unwrap_or_default().max(cpu);
        if let Some(status) = child.try_wait().expect("a process of this bench") {
            break status;
        }
        thread::sleep(PAUSE);
    };
    let elapsed = begun.elapsed();
    let stdout = out.join().expect("its output");
    let stderr = err.join().expect("its errors");
    if !status.success() {
        return Err(format!("{status}: {stderr}"));
    }
    Ok(Measured {
        elapsed,
        cpu,
        peak_kib,
        stdout,
    })
}

enum Pipe {
    Out(ChildStdout),
    Err(ChildStderr),
}

fn read(pipe: Option<Pipe>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        match pipe {
            Some(Pipe::Out(mut pipe)) => pipe.read_to_string(&mut text).expect("text"),
            Some(Pipe::Err(mut pipe)) => pipe.read_to_string(&mut text).expect("text"),
            None => 0,
        };
        text
    })
}

/// Largest resident memory of a running process, KiB.
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Time that processors have worked for a running process, by the system's clock of a hundred ticks a second.
fn worked(pid: u32) -> Option<Duration> {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before may hold anything; user and system time are the 12th and 13th field behind it.
    let (_, fields) = status.rsplit_once(") ")?;
    let times = fields.split(' ').skip(11).take(2);
    let ticks: u64 = times.map(|time| time.parse::<u64>().unwrap_or_default()).sum();
    Some(Duration::from_millis(10 * ticks))
}

/// The one in the middle.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
