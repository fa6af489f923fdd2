//! The clusters: by name, and what is asked of one before anything is sent.

use {
    super::{Client, ClientError},
    solana_hash::Hash,
};

/// The RPC endpoint that `text` names: a URL with `http://` or `https://`, or `mainnet-beta`, `testnet`, `devnet`,
/// `localhost` or their first letters, as Solana's tools have them. `None` if it is neither.
pub fn cluster_url(text: &str) -> Option<String> {
    let url = match text {
        "m" | "mainnet-beta" => "https://api.mainnet-beta.solana.com",
        "t" | "testnet" => "https://api.testnet.solana.com",
        "d" | "devnet" => "https://api.devnet.solana.com",
        "l" | "localhost" => "http://localhost:8899",
        url => {
            let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
            rest.filter(|rest| !rest.is_empty()).map(|_| url)?
        }
    };
    Some(url.to_owned())
}

impl Client {
    /// The hash of the cluster's first block, by which clusters are told apart.
    ///
    /// # Errors
    /// If the endpoint does not answer.
    pub async fn genesis_hash(&self) -> Result<Hash, ClientError> {
        let hash = self.rpc.get_genesis_hash().await;
        hash.map_err(ClientError::rpc("asking which cluster this is"))
    }

    /// Lamports that an account of so many bytes has to hold.
    ///
    /// # Errors
    /// If the endpoint does not answer.
    pub async fn rent(&self, bytes: usize) -> Result<u64, ClientError> {
        let rent = self.rpc.get_minimum_balance_for_rent_exemption(bytes).await;
        rent.map_err(ClientError::rpc("asking for the rent of an account"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_letters_and_urls() {
        for devnet in ["d", "devnet", "https://api.devnet.solana.com"] {
            assert_eq!(cluster_url(devnet).as_deref(), Some("https://api.devnet.solana.com"));
        }
        assert_eq!(cluster_url("http://[::1]:8899").as_deref(), Some("http://[::1]:8899"));
        for wrong in ["", "mainnet", "ftp://host", "https://", "localhost:8899"] {
            assert_eq!(cluster_url(wrong), None, "{wrong}");
        }
    }
}
