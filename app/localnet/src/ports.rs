//! The ports that the chain listens on.

use {
    crate::fault::Fault,
    std::{
        io::ErrorKind,
        net::{Ipv4Addr, TcpListener},
    },
};

/// Two ports.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub rpc: u16,
    pub ws: u16,
}

impl Ports {
    /// Whether another process could take one of these between the choice and its use.
    pub fn chosen_freely(self) -> bool {
        self.rpc == 0 || self.ws == 0
    }

    /// Finds free ports in place of zeros.
    ///
    /// # Errors
    /// If a port is in use.
    pub fn settle(self) -> Result<Self, Fault> {
        if self.rpc == self.ws && self.rpc != 0 {
            return Err(Fault::new(format!(
                "--rpc-port and --ws-port are both {}; the two need different ports",
                self.rpc
            )));
        }
        // Both at once, so that they cannot be the same.
        let rpc = listen(self.rpc, "--rpc-port")?;
        let ws = listen(self.ws, "--ws-port")?;
        let port = |listener: &TcpListener| {
            let address = listener.local_addr();
            address.map_err(|error| Fault::new(format!("cannot listen: {error}")))
        };
        Ok(Self {
            rpc: port(&rpc)?.port(),
            ws: port(&ws)?.port(),
        })
    }
}

fn listen(port: u16, option: &str) -> Result<TcpListener, Fault> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
        let what = match error.kind() {
            ErrorKind::AddrInUse => "it is in use".to_owned(),
            _ => error.to_string(),
        };
        Fault::new(format!(
            "cannot listen on port {port}: {what}; name another one with {option}, or 0 for any that is free"
        ))
    })
}
