//! The hostile endpoint as a process, for tests in other languages: see `earnout_e2e::Hostile`.

use {
    earnout_e2e::Hostile,
    std::{
        env,
        io::{Read, Write, stdin, stdout},
        process::ExitCode,
        thread,
    },
};

const USAGE: &str = "usage: hostile-endpoint TARGET_URL [--port PORT] [--with-parent]

Listens on 127.0.0.1 in front of the RPC endpoint at TARGET_URL and prints its own URL as the first line.
  --port PORT     instead of a free one
  --with-parent   ends when the standard input is closed
";

struct Arguments {
    target: String,
    port: u16,
    with_parent: bool,
}

fn arguments() -> Option<Arguments> {
    let (mut target, mut port, mut with_parent) = (None, 0, false);
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--port" => port = words.next()?.parse().ok()?,
            "--with-parent" => with_parent = true,
            _ if target.is_none() && !word.starts_with('-') => target = Some(word),
            _ => return None,
        }
    }
    Some(Arguments {
        target: target?,
        port,
        with_parent,
    })
}

fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        eprint!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let hostile = Hostile::on_port(&arguments.target, arguments.port);
    let mut output = stdout();
    if writeln!(output, "{}", hostile.url)
        .and_then(|()| output.flush())
        .is_err()
    {
        return ExitCode::FAILURE;
    }
    if !arguments.with_parent {
        loop {
            thread::park();
        }
    }
    // Whatever it says: that it ends counts.
    let _ = stdin().read_to_end(&mut Vec::new());
    ExitCode::SUCCESS
}
