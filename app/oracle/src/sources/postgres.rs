//! A read-only statement in PostgreSQL.

use {
    super::{Body, CONNECT_TIMEOUT, LARGEST_ANSWER, Part, Reading, SourceError, json, moment, now, only},
    crate::{
        secret::Secret,
        template::{Scope, fill},
    },
    serde::{Deserialize, Serialize},
    std::{path::PathBuf, sync::Arc, time::Duration},
    tokio_postgres::{Client, Config, error::SqlState, types::ToSql},
    tokio_postgres_rustls::MakeRustlsConnect,
};

/// A statement that gives one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// The connection string. Left out of the evidence.
    #[serde(default, skip_serializing)]
    pub connection: Option<Secret>,
    /// Certificates of the authority that the server's is signed by, PEM; the public ones if none.
    #[serde(default, skip_serializing)]
    pub ca_file: Option<PathBuf>,
    /// The statement. Its result has one row, with a column `value` or one column only. `$1`, `$2`, … are the `params`, as
    /// text: `$1::timestamptz`.
    pub query: String,
    /// Values of `$1`, `$2`, …, with placeholders. They are sent apart from the statement, so nothing in them can change it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<String>,
    /// Column that says when the value was so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_column: Option<String>,
    /// How long the answer may take.
    #[serde(default = "super::default_timeout", with = "crate::duration")]
    pub timeout: Duration,
}

impl Postgres {
    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        let params: Vec<String> = self
            .params
            .iter()
            .map(|param| fill(param, scope))
            .collect::<Result<_, _>>()?;
        let asked = tokio::time::timeout(self.timeout, self.ask(&params));
        let rows = asked.await.map_err(|_| SourceError::TimedOut(self.timeout))??;
        if rows.len() > LARGEST_ANSWER {
            return Err(SourceError::TooLong);
        }
        Ok(vec![Part {
            request: format!("{} with {params:?}", self.query.trim()),
            answered_at: now(),
            modified_at: None,
            body: Body::Text(rows),
        }])
    }

    /// The rows as a JSON list; no more than two, which are already one too many.
    async fn ask(&self, params: &[String]) -> Result<String, SourceError> {
        let mut client = self.connect().await?;
        let failed = |error: tokio_postgres::Error| {
            // The server's limit and this one's are the same: whichever is first, it took too long.
            if error.code() == Some(&SqlState::QUERY_CANCELED) {
                return SourceError::TimedOut(self.timeout);
            }
            let text = match error.as_db_error() {
                Some(error) => error.message().to_owned(),
                None => error.to_string(),
            };
            SourceError::Unreachable(format!("PostgreSQL: {text}"))
        };
        // The statement cannot write, whatever the role may do elsewhere.
        let transaction = client
            .build_transaction()
            .read_only(true)
            .start()
            .await
            .map_err(failed)?;
        let millis = self.timeout.as_millis();
        let limit = format!("SET LOCAL statement_timeout = {millis}");
        transaction.batch_execute(&limit).await.map_err(failed)?;
        // The server writes the numbers, with every digit. On lines of their own, a comment at the end hides nothing.
        let statement = format!(
            "SELECT coalesce(json_agg(row_to_json(answer)), '[]')::text FROM (SELECT * FROM (\n{}\n) AS asked LIMIT 2) AS \
             answer",
            self.query.trim().trim_end_matches(';')
        );
        let types = vec![tokio_postgres::types::Type::TEXT; params.len()];
        let prepared = transaction.prepare_typed(&statement, &types).await.map_err(failed)?;
        let values: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as &(dyn ToSql + Sync)).collect();
        let row = transaction.query_one(&prepared, &values).await.map_err(failed)?;
        row.try_get(0).map_err(failed)
    }

    async fn connect(&self) -> Result<Client, SourceError> {
        let secret = self
            .connection
            .as_ref()
            .ok_or_else(|| SourceError::Unexpected("no connection is configured".to_owned()))?;
        // The text may hold a password, so errors about it do not repeat it.
        let mut config: Config = secret
            .reveal()?
            .parse()
            .map_err(|_| SourceError::Unexpected(format!("{secret} is no PostgreSQL connection string")))?;
        config
            .connect_timeout(CONNECT_TIMEOUT)
            .application_name("earnout-oracle");
        let (client, connection) = config.connect(self.tls()?).await.map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            SourceError::Unreachable(format!("PostgreSQL: {error}{}", cause.unwrap_or_default()))
        })?;
        // Ends with the client; an error of it is an error of the query too.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(client)
    }

    fn tls(&self) -> Result<MakeRustlsConnect, SourceError> {
        let mut roots = rustls::RootCertStore::empty();
        match &self.ca_file {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(file) => {
                use rustls::pki_types::{CertificateDer, pem::PemObject};
                let unreadable = |error: &dyn std::fmt::Display| {
                    SourceError::Unexpected(format!("the certificates in {}: {error}", file.display()))
                };
                for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))? {
                    let certificate = certificate.map_err(|error| unreadable(&error))?;
                    roots.add(certificate).map_err(|error| unreadable(&error))?;
                }
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| SourceError::Unexpected(format!("TLS: {error}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }

    pub(super) fn read(&self, parts: &[Part]) -> Result<Reading, SourceError> {
        let document = only(parts)?.body.text()?;
        let rows = json::parse(document)?;
        let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
        let row = match rows {
            [row] => row,
            [] => return Err(SourceError::NoData("the statement gives no row".to_owned())),
            _ => {
                return Err(SourceError::Ambiguous(
                    "the statement gives more than one row".to_owned(),
                ));
            }
        };
        let columns: Vec<&String> = row
            .as_object()
            .map(|row| {
                row.keys()
                    .filter(|name| Some(*name) != self.time_column.as_ref())
                    .collect()
            })
            .unwrap_or_default();
        let column = match columns.as_slice() {
            [column] => column.as_str(),
            columns if columns.iter().any(|name| *name == "value") => "value",
            _ => {
                return Err(SourceError::Ambiguous(
                    "the row has several columns and none is called `value`".to_owned(),
                ));
            }
        };
        let observed_at = match &self.time_column {
            Some(column) => Some(moment(&json::text(document, &place(column))?)?),
            None => None,
        };
        Ok(Reading {
            value: json::number(document, &place(column), false)?,
            observed_at,
        })
    }

    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        if self.connection.is_none() {
            mistakes.push("`connection` is missing: env:NAME or file:PATH of the connection string".to_owned());
        }
        if self.query.trim().is_empty() {
            mistakes.push("`query` is empty".to_owned());
        }
        mistakes
    }
}

/// JSONPath of a column of the first row. A name is quoted, so that any name is one.
fn place(column: &str) -> String {
    let quoted = column.replace('\\', "\\\\").replace('\'', "\\'");
    format!("$[0]['{quoted}']")
}

#[cfg(test)]
mod tests {
    use {super::*, crate::sources::testing::answer};

    fn source(extra: &str) -> Postgres {
        toml::from_str(&format!("connection = 'env:DB'\nquery = 'select 1'\n{extra}")).unwrap()
    }

    #[test]
    fn one_row_is_a_value() {
        let reading = source("").read(&answer(r#"[{"count":12}]"#)).unwrap();
        assert_eq!(reading.value.to_string(), "12");
        let dated = source("time_column = 'at'");
        let reading = dated
            .read(&answer(r#"[{"sum":12.50,"at":"2027-07-01T00:00:00+00:00"}]"#))
            .unwrap();
        assert_eq!(reading.value.to_string(), "12.5");
        assert_eq!(reading.observed_at, Some(1_814_400_000));
        let named = source("").read(&answer(r#"[{"value":1,"other":2}]"#)).unwrap();
        assert_eq!(named.value.to_string(), "1");
        let quoted = source("").read(&answer(r#"[{"it's":7}]"#)).unwrap();
        assert_eq!(quoted.value.to_string(), "7");
    }

    #[test]
    fn everything_else_is_an_error() {
        for (rows, part) in [
            ("[]", "no row"),
            (r#"[{"n":1},{"n":2}]"#, "more than one row"),
            (r#"[{"n":null}]"#, "is null"),
            (r#"[{"a":1,"b":2}]"#, "none is called `value`"),
            (r#"[{"n":"12"}]"#, "not a number"),
        ] {
            let error = source("").read(&answer(rows)).unwrap_err().to_string();
            assert!(error.contains(part), "{rows}: {error}");
        }
    }

    #[test]
    fn the_connection_is_not_in_the_evidence() {
        let json = serde_json::to_string(&source("")).unwrap();
        assert!(!json.contains("DB"), "{json}");
        assert!(serde_json::from_str::<Postgres>(&json).is_ok());
    }
}
