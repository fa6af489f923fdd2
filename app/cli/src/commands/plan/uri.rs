//! `earnout plan uri`.

use {
    crate::{
        context::{
            app::App,
            reference::{PlanRef, plan_uri},
        },
        fault::Fault,
        send::{Action, SendArgs},
        shown::text::quoted,
    },
    clap::Args,
    earnout_sdk::{document, wire::instructions},
};

/// Say where a plan's documents are, or that they are nowhere any more
///
/// Under the address lies the plan document (`earnout plan document new` makes it). The authority can change it at any
/// time, which is why everything that is read there is compared with the hashes that the chain has. At most 96 bytes,
/// without white space and characters that nobody sees.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan uri PLAN https://example.org/core-team/plan-document.json
  $ earnout plan uri PLAN --clear")]
pub struct Uri {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    #[command(flatten)]
    place: Place,
    /// The plan's authority [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    authority: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Place {
    /// Address of the plan document, or of the folder, with `/` at its end, in which `plan-document.json` lies
    uri: Option<String>,
    /// Say that there are no documents
    #[arg(long)]
    clear: bool,
}

impl Uri {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let uri = self.place.uri.as_deref().unwrap_or_default();
        if uri.is_empty() && !self.place.clear {
            return Err(Fault::new("an empty address says nothing").advice("say --clear if that is meant"));
        }
        document::require_uri(uri).map_err(|why| {
            Fault::new(format!("the plan's documents cannot be at {}", quoted(uri)))
                .why(format!("{why}; nothing was sent"))
                .advice("put them where they have a shorter, plain address")
        })?;
        if uri.split('/').nth(2).is_some_and(|host| host.contains('@')) {
            return Err(Fault::new("the address has a user name or a password in it")
                .why("everybody can read what stands on the chain, also later; nothing was sent")
                .advice("put the documents where nobody has to sign in"));
        }
        if uri.contains('?') {
            let note = "careful: everybody can read the whole address, also what stands behind its question mark";
            app.output().note(note);
        }
        if let Some(why) = document::unfetched(uri) {
            app.output()
                .note(format!("Clients will not fetch what lies at {}: {why}", quoted(uri)));
        }
        let outgoing = self.send.begin(app)?;
        let address = self.plan.address();
        let authority = outgoing.signer(self.authority.as_deref(), "authority")?;
        let mut action = match self.place.clear {
            true => Action::new("Say that the plan's documents are nowhere any more", Vec::new()),
            false => Action::new("Say where the plan's documents are", Vec::new()),
        };
        if let Some(plan) = outgoing.plan_if_known(&address).await? {
            outgoing.require("authority", &address, &plan.authority, authority.as_ref())?;
            let old = plan_uri(&plan);
            if old == uri {
                let what = match self.place.clear {
                    true => "has no documents already".to_owned(),
                    false => format!("has its documents at {} already", quoted(uri)),
                };
                return Err(Fault::new(format!("the plan {address} {what}")).why("nothing was sent"));
            }
            if !old.is_empty() {
                action = action.fact("until now", old);
            }
        }
        let action = action
            .doing(instructions::set_uri(&authority.pubkey(), &address, uri.to_owned()))
            .address(app, "plan", address)
            .shown("documents", if uri.is_empty() { "nowhere" } else { uri }, uri)
            .address(app, "authority", authority.pubkey())
            .signed_by(authority)
            .asking();
        outgoing.execute(action).await
    }
}
