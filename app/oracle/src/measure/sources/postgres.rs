//! A read-only statement in PostgreSQL.

use {
    super::{
        CONNECT_TIMEOUT, LARGEST_ANSWER, Observation, Part, SourceError, ambiguous, json, moment, no_data, only,
        unexpected,
    },
    crate::measure::{Scope, Secret, fill},
    serde::{Deserialize, Serialize},
    std::{
        collections::HashMap,
        path::{Path, PathBuf},
        sync::Arc,
        time::Duration,
    },
    tokio_postgres::{Client, Config, IsolationLevel, config::Host, error::SqlState, types::ToSql},
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
    /// The statement. Its result has one row, with a column `value` or one column only. `$1`, `$2`, … are the `params`,
    /// as text: `$1::timestamptz`.
    pub query: String,
    /// Values of `$1`, `$2`, …, with placeholders. They are sent apart from the statement, so nothing in them can
    /// change it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<String>,
    /// Schemas in which the tables that the statement names without one are looked for.
    #[serde(default = "public", skip_serializing_if = "is_public")]
    pub schemas: Vec<String>,
    /// Column that says when the value was so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_column: Option<String>,
    /// How long the answer may take.
    #[serde(default = "super::default_timeout", with = "crate::measure::duration")]
    pub timeout: Duration,
}

fn public() -> Vec<String> {
    vec!["public".to_owned()]
}

fn is_public(schemas: &[String]) -> bool {
    schemas == ["public"]
}

/// Settings of a session that can change what a statement gives, and what the daemon makes of each: the same text is
/// the same number whatever the role, the database or a pooler set. Names as in `pg_settings`.
const SESSION: [(&str, &str); 21] = [
    ("TimeZone", "UTC"),
    ("timezone_abbreviations", "Default"),
    ("DateStyle", "ISO, YMD"),
    ("IntervalStyle", "postgres"),
    ("lc_numeric", "C"),
    ("lc_monetary", "C"),
    ("lc_time", "C"),
    ("client_encoding", "UTF8"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("xmloption", "content"),
    ("xmlbinary", "base64"),
    ("gin_fuzzy_search_limit", "0"),
    ("standard_conforming_strings", "on"),
    ("backslash_quote", "safe_encoding"),
    ("transform_null_equals", "off"),
    ("array_nulls", "on"),
    ("default_text_search_config", "pg_catalog.simple"),
    ("synchronize_seqscans", "off"),
    ("default_transaction_read_only", "on"),
    ("default_transaction_isolation", "repeatable read"),
];

impl Postgres {
    /// What [`SESSION`] says, and what differs from feed to feed.
    fn session(&self) -> Vec<(&'static str, String)> {
        let millis = self.timeout.as_millis().to_string();
        let quoted = self
            .schemas
            .iter()
            .map(|schema| format!("\"{}\"", schema.replace('"', "\"\"")));
        // Not what the session itself made before what the database has.
        let path = ["pg_catalog".to_owned()]
            .into_iter()
            .chain(quoted)
            .chain(["pg_temp".to_owned()]);
        let mut session: Vec<(&str, String)> = SESSION.map(|(name, value)| (name, value.to_owned())).to_vec();
        session.push(("search_path", path.collect::<Vec<_>>().join(", ")));
        session.push(("statement_timeout", millis.clone()));
        session.push(("lock_timeout", millis));
        session
    }

    /// Asks for the one row; a second one is already one too many.
    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        self.fetch_rows(scope, 1).await
    }

    /// Relative paths start at `folder`.
    pub(super) fn resolve(&mut self, folder: &Path) {
        self.connection.iter_mut().for_each(|secret| secret.resolve(folder));
        self.ca_file.iter_mut().for_each(|file| *file = folder.join(&*file));
    }

    /// Asks for the rows, and no more of them than one beyond `most`.
    pub(super) async fn fetch_rows(&self, scope: &Scope, most: usize) -> Result<Vec<Part>, SourceError> {
        let params: Vec<String> = self
            .params
            .iter()
            .map(|param| fill(param, scope))
            .collect::<Result<_, _>>()?;
        let config = self.config()?;
        let server = server(&config);
        let asked = tokio::time::timeout(self.timeout, self.ask(&config, &server, &params, most));
        let rows = asked
            .await
            .map_err(|_| SourceError::TimedOut(server.clone(), self.timeout))??;
        let request = format!("{} with {params:?}", self.query.trim());
        Ok(vec![Part::new(request, rows.into_bytes())])
    }

    /// The rows as a JSON list; no more than one beyond `most`.
    async fn ask(&self, config: &Config, server: &str, params: &[String], most: usize) -> Result<String, SourceError> {
        let mut client = self.connect(config, server).await?;
        let failed = |error: tokio_postgres::Error| {
            // The server's limit and this one's are the same: whichever is first, it took too long.
            if error.code() == Some(&SqlState::QUERY_CANCELED) {
                return SourceError::TimedOut(server.to_owned(), self.timeout);
            }
            let text = match error.as_db_error() {
                Some(error) => error.message().to_owned(),
                None => error.to_string(),
            };
            SourceError::Unreachable(format!("{server}: {text}"))
        };
        // The statement cannot write, whatever the role may do elsewhere.
        let transaction = client
            .build_transaction()
            .read_only(true)
            .isolation_level(IsolationLevel::RepeatableRead)
            .start()
            .await
            .map_err(failed)?;
        let (names, values): (Vec<&str>, Vec<String>) = self.session().into_iter().unzip();
        transaction
            .execute(
                "SELECT pg_catalog.set_config(name, value, true) FROM unnest($1::text[], $2::text[]) AS wanted (name, value)",
                &[&names, &values],
            )
            .await
            .map_err(failed)?;
        // Asked, not assumed: a server or a pooler may do something else than it was told.
        let found = transaction
            .query("SELECT name, setting FROM pg_catalog.pg_settings", &[])
            .await
            .map_err(failed)?;
        let found: HashMap<&str, &str> = found
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        let of_transaction = [
            ("transaction_read_only", "on"),
            ("transaction_isolation", "repeatable read"),
        ];
        let wanted = names
            .iter()
            .copied()
            .zip(values.iter().map(String::as_str))
            .chain(of_transaction);
        for (name, wanted) in wanted {
            let found = found.get(name).copied().unwrap_or("not known");
            if found != wanted {
                return Err(unexpected(format!(
                    "{server}: the session's {name} is {found}, not {wanted} as it was told"
                )));
            }
        }
        // The server writes the numbers, with every digit. On lines of their own, a comment at the end hides nothing.
        let statement = format!(
            "SELECT CASE WHEN octet_length(written.rows) <= {LARGEST_ANSWER} THEN written.rows END FROM (SELECT \
             coalesce(json_agg(row_to_json(answer)), '[]')::text AS rows FROM (SELECT * FROM (\n{}\n) AS asked LIMIT {}) \
             AS answer) AS written",
            self.query.trim().trim_end_matches(';'),
            most.saturating_add(1)
        );
        let types = vec![tokio_postgres::types::Type::TEXT; params.len()];
        let prepared = transaction.prepare_typed(&statement, &types).await.map_err(failed)?;
        let values: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as &(dyn ToSql + Sync)).collect();
        let row = transaction.query_one(&prepared, &values).await.map_err(failed)?;
        let rows: Option<String> = row.try_get(0).map_err(failed)?;
        rows.ok_or(SourceError::TooLong)
    }

    fn config(&self) -> Result<Config, SourceError> {
        let secret = self
            .connection
            .as_ref()
            .ok_or_else(|| unexpected("no connection is configured"))?;
        // The text may hold a password, so errors about it do not repeat it.
        let mut config: Config = secret
            .reveal()?
            .parse()
            .map_err(|_| unexpected(format!("{secret} is not a PostgreSQL connection string")))?;
        config
            .connect_timeout(CONNECT_TIMEOUT)
            .application_name("earnout-oracle");
        Ok(config)
    }

    async fn connect(&self, config: &Config, server: &str) -> Result<Client, SourceError> {
        let (client, connection) = config.connect(self.tls()?).await.map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            SourceError::Unreachable(format!("{server}: {error}{}", cause.unwrap_or_default()))
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
                    unexpected(format!("the certificates in {}: {error}", file.display()))
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
            .map_err(|error| unexpected(format!("TLS: {error}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }

    pub(super) fn read(&self, parts: &[Part]) -> Result<Observation, SourceError> {
        let document = only(parts)?.body.text()?;
        let rows = json::parse(document)?;
        let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
        let row = match rows {
            [row] => row,
            [] => return Err(no_data("the statement gives no row")),
            _ => {
                return Err(ambiguous("the statement gives more than one row"));
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
                return Err(ambiguous("the row has several columns and none is called `value`"));
            }
        };
        let observed_at = match &self.time_column {
            Some(column) => Some(moment(&json::text(document, &place(column))?)?),
            None => None,
        };
        Ok(Observation {
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
        if self.schemas.iter().any(String::is_empty) {
            mistakes.push("`schemas` has an empty name".to_owned());
        }
        mistakes
    }
}

/// The server by its name, without what else a connection string holds.
fn server(config: &Config) -> String {
    let name = |host: &Host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(_) => "this machine".to_owned(),
    };
    let names: Vec<String> = match config.get_hosts() {
        [] => config.get_hostaddrs().iter().map(ToString::to_string).collect(),
        hosts => hosts.iter().map(name).collect(),
    };
    format!("PostgreSQL at {}", names.join(", "))
}

/// JSONPath of a column of the first row. A name is quoted, so that any name is one.
fn place(column: &str) -> String {
    let quoted = column.replace('\\', "\\\\").replace('\'', "\\'");
    format!("$[0]['{quoted}']")
}

#[cfg(test)]
mod tests {
    use {super::*, crate::measure::sources::testing::answer};

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
    fn the_session_is_set_by_the_daemon() {
        let session = source("schemas = ['app', 'a \"b']\ntimeout = '2s'").session();
        let of = |name: &str| session.iter().find(|(other, _)| *other == name).unwrap().1.as_str();
        assert_eq!(of("TimeZone"), "UTC");
        assert_eq!(of("search_path"), r#"pg_catalog, "app", "a ""b", pg_temp"#);
        assert_eq!(of("statement_timeout"), "2000");
        assert_eq!(serde_json::to_value(source("")).unwrap().get("schemas"), None);
    }

    #[test]
    fn the_connection_is_not_in_the_evidence() {
        let json = serde_json::to_string(&source("")).unwrap();
        assert!(!json.contains("DB"), "{json}");
        assert!(serde_json::from_str::<Postgres>(&json).is_ok());
        let config = "postgres://ann:hunter2@db.test:6432/kpis".parse().unwrap();
        assert_eq!(server(&config), "PostgreSQL at db.test");
        let config = "hostaddr=10.0.0.7 password=hunter2".parse().unwrap();
        assert_eq!(server(&config), "PostgreSQL at 10.0.0.7");
    }
}
