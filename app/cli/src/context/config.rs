//! The configuration of Solana's tools, which this command shares with them.

use {
    crate::{args::Commitment, fault::Fault},
    clap::ValueEnum,
    earnout_sdk::{client::cluster_url, text::endpoint},
    serde::Deserialize,
    std::{
        collections::BTreeMap,
        env, fs,
        io::ErrorKind,
        path::{Path, PathBuf},
    },
};

/// Where the configuration is below the home directory.
const DEFAULT_CONFIG: &str = ".config/solana/cli/config.yml";
/// Where the key is below the home directory if the configuration names none.
const DEFAULT_KEYPAIR: &str = ".config/solana/id.json";
/// The endpoint if the configuration names none: the default of Solana's tools.
const DEFAULT_URL: &str = "https://api.mainnet-beta.solana.com";

/// What `config.yml` says. Fields of later versions are left alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Config {
    json_rpc_url: String,
    websocket_url: String,
    keypair_path: String,
    /// Names by address.
    pub address_labels: BTreeMap<String, String>,
    commitment: String,
}

impl Config {
    /// Reads the file that `path` names, or the one of Solana's tools, which need not exist.
    ///
    /// # Errors
    /// If a file that was named does not exist, or the file cannot be read.
    pub fn load(path: Option<&Path>) -> Result<Self, Fault> {
        let (file, named) = match path {
            Some(path) => (path.to_path_buf(), true),
            None => match home() {
                Some(home) => (home.join(DEFAULT_CONFIG), false),
                None => return Ok(Self::default()),
            },
        };
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && !named => return Ok(Self::default()),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Fault::new(format!("there is no configuration {}", file.display()))
                    .advice("`solana config set --url URL` writes one; without -C the usual place is used"));
            }
            Err(error) => {
                return Err(Fault::new(format!("the configuration {} cannot be read", file.display())).why(error));
            }
        };
        serde_yaml_ng::from_str(&text).map_err(|error| {
            Fault::new(format!("the configuration {} is not understood", file.display()))
                .why(error)
                .advice("`solana config set` writes it anew")
        })
    }

    /// URL of the RPC endpoint. `chosen` is what the command line says.
    ///
    /// # Errors
    /// If it is neither a URL nor the name of a cluster.
    pub fn rpc_url(&self, chosen: Option<&str>) -> Result<String, Fault> {
        let text = match (chosen, self.json_rpc_url.as_str()) {
            (Some(text), _) => text,
            (None, "") => DEFAULT_URL,
            (None, text) => text,
        };
        cluster_url(text).ok_or_else(|| {
            Fault::new(format!("`{}` is not an RPC endpoint", as_typed(text)))
                .advice("write a URL that begins with http:// or https://, or mainnet-beta, testnet, devnet, localhost")
        })
    }

    /// URL of the websocket endpoint; `chosen` and `rpc_chosen` are what the command line says. Without any it follows
    /// from the RPC endpoint, as in Solana's tools: the next port if it has one.
    ///
    /// # Errors
    /// If it is not a URL, or there is no RPC endpoint.
    pub fn ws_url(&self, chosen: Option<&str>, rpc_chosen: Option<&str>) -> Result<String, Fault> {
        let configured = (rpc_chosen.is_none() && !self.websocket_url.is_empty()).then_some(&*self.websocket_url);
        let Some(url) = chosen.or(configured) else {
            return Ok(websocket_of(&self.rpc_url(rpc_chosen)?));
        };
        match is_url(url, ["ws://", "wss://"]) {
            true => Ok(url.to_owned()),
            false => Err(Fault::new(format!("`{}` is not a websocket endpoint", as_typed(url)))
                .advice("write a URL that begins with ws:// or wss://")),
        }
    }

    /// Who signs, in a form that [`earnout_sdk::signers::Source`] reads. `chosen` is what the command line says.
    pub fn keypair(&self, chosen: Option<&str>) -> String {
        match (chosen, self.keypair_path.as_str()) {
            (Some(text), _) => text.to_owned(),
            (None, "") => home().unwrap_or_default().join(DEFAULT_KEYPAIR).display().to_string(),
            (None, text) => text.to_owned(),
        }
    }

    /// What counts as having happened. `chosen` is what the command line says.
    ///
    /// # Errors
    /// If the configuration has a level that does not exist.
    pub fn commitment(&self, chosen: Option<Commitment>) -> Result<Commitment, Fault> {
        match (chosen, self.commitment.as_str()) {
            (Some(commitment), _) => Ok(commitment),
            (None, "") => Ok(Commitment::Confirmed),
            (None, text) => Commitment::from_str(text, false).map_err(|_| {
                Fault::new(format!("the configuration has the commitment `{text}`"))
                    .advice("`solana config set --commitment confirmed`, or give --commitment")
            }),
        }
    }
}

fn is_url(text: &str, schemes: [&str; 2]) -> bool {
    schemes
        .iter()
        .any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
}

fn home() -> Option<PathBuf> {
    env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

fn websocket_of(rpc_url: &str) -> String {
    let (scheme, rest) = match rpc_url.strip_prefix("https://") {
        Some(rest) => ("wss", rest),
        None => ("ws", rpc_url.trim_start_matches("http://")),
    };
    let (host, path) = match rest.find(['/', '?']) {
        Some(end) => rest.split_at(end),
        None => (rest, ""),
    };
    let next = host.rsplit_once(':').and_then(|(name, port)| {
        let port = port.parse::<u16>().ok()?.checked_add(1)?;
        Some(format!("{name}:{port}"))
    });
    format!("{scheme}://{}{path}", next.as_deref().unwrap_or(host))
}

/// What was typed for an endpoint. A short word is the name of a cluster or a host; anything else may hold a key.
fn as_typed(text: &str) -> String {
    match text.len() < 25
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte))
    {
        true => text.to_owned(),
        false => endpoint::shown(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN_BY_SOLANA: &str = "---
json_rpc_url: http://localhost:8899
websocket_url: ''
keypair_path: /keys/id.json
address_labels:
  '11111111111111111111111111111111': System Program
commitment: finalized
";

    fn parsed() -> Config {
        serde_yaml_ng::from_str(WRITTEN_BY_SOLANA).expect("what `solana config set` writes")
    }

    #[test]
    fn the_file_of_solanas_tools() {
        let config = parsed();
        assert_eq!(config.rpc_url(None).expect("a URL"), "http://localhost:8899");
        assert_eq!(config.ws_url(None, None).expect("a URL"), "ws://localhost:8900");
        assert_eq!(config.keypair(None), "/keys/id.json");
        assert_eq!(config.commitment(None).expect("a level"), Commitment::Finalized);
        let label = config.address_labels.get("11111111111111111111111111111111");
        assert_eq!(label.map(String::as_str), Some("System Program"));
    }

    #[test]
    fn the_command_line_comes_first() {
        let config = parsed();
        let devnet = "https://api.devnet.solana.com";
        for moniker in ["d", "devnet", devnet] {
            assert_eq!(config.rpc_url(Some(moniker)).expect("a URL"), devnet);
        }
        assert_eq!(
            config.ws_url(None, Some("d")).expect("a URL"),
            "wss://api.devnet.solana.com"
        );
        assert_eq!(config.ws_url(Some("ws://h:1"), Some("d")).expect("a URL"), "ws://h:1");
        assert_eq!(config.keypair(Some("ASK")), "ASK");
        let commitment = config.commitment(Some(Commitment::Processed));
        assert_eq!(commitment.expect("a level"), Commitment::Processed);
    }

    #[test]
    fn without_a_file_the_defaults_are_those_of_solanas_tools() {
        let config = Config::default();
        assert_eq!(config.rpc_url(None).expect("a URL"), DEFAULT_URL);
        assert_eq!(config.commitment(None).expect("a level"), Commitment::Confirmed);
        assert!(config.keypair(None).ends_with(DEFAULT_KEYPAIR));
    }

    #[test]
    fn wrong_endpoints_and_levels_are_refused() {
        let mut config = Config::default();
        for wrong in ["mainnet", "ftp://host", "https://", "localhost:8899"] {
            let fault = config.rpc_url(Some(wrong)).map_err(|fault| fault.to_string());
            assert!(
                fault.expect_err("no endpoint").contains("not an RPC endpoint"),
                "{wrong}"
            );
        }
        assert!(config.ws_url(Some("http://host"), None).is_err());
        config.commitment = "max".to_owned();
        assert!(config.commitment(None).is_err());
    }

    #[test]
    fn a_websocket_keeps_path_and_query() {
        assert_eq!(
            websocket_of("https://rpc.example.com/?key=1"),
            "wss://rpc.example.com/?key=1"
        );
        assert_eq!(websocket_of("http://127.0.0.1:8899/a"), "ws://127.0.0.1:8900/a");
    }

    #[test]
    fn a_file_that_was_named_must_exist_and_be_understood() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.yml");
        let missing = Config::load(Some(&file)).map_err(|fault| fault.to_string());
        assert!(missing.expect_err("no file").contains("there is no configuration"));
        fs::write(&file, "json_rpc_url: [1]").expect("written");
        let wrong = Config::load(Some(&file)).map_err(|fault| fault.to_string());
        let wrong = wrong.expect_err("wrong");
        assert!(
            wrong.contains("not understood") && wrong.contains("json_rpc_url"),
            "{wrong}"
        );
        fs::write(&file, WRITTEN_BY_SOLANA).expect("written");
        assert_eq!(Config::load(Some(&file)).expect("understood"), parsed());
    }
}
