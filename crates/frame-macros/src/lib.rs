//! Reads the program's Anchor declarations and writes the code that runs on the chain, by the names that Anchor's
//! macros have.
//!
//! Only what the program uses is understood; everything else is an error of the compiler, never something that is
//! passed over.

use {
    proc_macro::TokenStream,
    proc_macro2::{Span, TokenStream as Tokens, TokenTree},
    quote::{format_ident, quote},
    sha2::{Digest, Sha256},
    syn::{
        Data, DeriveInput, Error, Expr, ExprAssign, Field, Fields, FnArg, GenericArgument, Ident, Item, ItemFn,
        ItemMod, ItemStruct, LitStr, Pat, PathArguments, Result, Token, Type, parse::Parser, parse_macro_input,
        spanned::Spanned,
    },
};

/// What one field of an accounts structure asks for.
struct Account {
    name: Ident,
    kind: Kind,
    optional: bool,
    mutable: bool,
    /// Stored fields that must be the address of the account of the same name, and the error.
    has_one: Vec<(Ident, Expr)>,
    address: Option<Expr>,
}

enum Kind {
    Signer,
    Loader(Type),
    Unchecked,
    Program(Type),
}

/// `#[derive(Accounts)]`: takes and checks the accounts in the order in which Anchor does.
#[proc_macro_derive(Accounts, attributes(account, instruction))]
pub fn accounts(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as ItemStruct);
    derive_accounts(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn derive_accounts(input: &ItemStruct) -> Result<Tokens> {
    let fields = match &input.fields {
        Fields::Named(fields) => fields.named.iter().map(account).collect::<Result<Vec<_>>>()?,
        other => return Err(Error::new_spanned(other, "named fields expected")),
    };
    let name = &input.ident;
    let generics = &input.generics;
    let info = match generics.lifetimes().next() {
        Some(lifetime) => lifetime.lifetime.clone(),
        None => syn::Lifetime::new("'info", Span::call_site()),
    };
    let count = fields.len();
    let names: Vec<_> = fields.iter().map(|field| &field.name).collect();
    // First what each account is, up to the first that is missing; then what is asked of it.
    let kinds = fields.iter().enumerate().map(|(index, field)| take(index, field));
    let asked = fields
        .iter()
        .enumerate()
        .map(|(index, field)| constraints(index, field, &fields))
        .collect::<Result<Vec<_>>>()?;
    let values = fields.iter().enumerate().map(|(index, field)| value(index, field));
    Ok(quote! {
        impl<#info> ::earnout_frame::Accounts<#info> for #name #generics {
            const COUNT: usize = #count;

            #[inline(always)]
            fn take(views: &#info [::earnout_frame::AccountView]) -> ::earnout_frame::Result<Self> {
                #(#kinds)*
                let Some(views) = views.first_chunk::<#count>() else {
                    return Err(::earnout_frame::check::missing());
                };
                #(#asked)*
                Ok(Self { #(#names: #values),* })
            }
        }
    })
}

/// Whether an account is of its kind.
fn take(index: usize, field: &Account) -> Tokens {
    let check = match &field.kind {
        // That it is there is asked before the next one is looked at, and at the end.
        Kind::Unchecked => return Tokens::new(),
        Kind::Signer => quote!(::earnout_frame::check::signer(view)?;),
        Kind::Loader(state) => quote!(::earnout_frame::check::state::<#state>(view, &crate::ID)?;),
        Kind::Program(program) => quote! {
            ::earnout_frame::check::program(view, &<#program as ::anchor_lang::Id>::id())?;
        },
    };
    let check = if field.optional {
        quote!(if !::earnout_frame::same(view.address(), &crate::ID) { #check })
    } else {
        check
    };
    quote! {
        let view = ::earnout_frame::check::given(views, #index)?;
        #check
    }
}

/// What is asked of an account beyond its kind.
fn constraints(index: usize, field: &Account, fields: &[Account]) -> Result<Tokens> {
    let mut checks = Tokens::new();
    if field.mutable {
        checks.extend(quote!(::earnout_frame::check::writable(view)?;));
    }
    if !field.has_one.is_empty() {
        let Kind::Loader(state) = &field.kind else {
            return Err(Error::new_spanned(
                &field.name,
                "only accounts of the program store addresses",
            ));
        };
        let compared = field
            .has_one
            .iter()
            .map(|(target, error)| {
                let other = fields.iter().position(|field| &field.name == target);
                let other = other.ok_or_else(|| Error::new_spanned(target, "no such account"))?;
                if fields[other].optional {
                    return Err(Error::new_spanned(target, "an optional account cannot be compared"));
                }
                Ok(quote! {
                    if !::earnout_frame::same(&state.#target, views[#other].address()) {
                        return Err(#error.into());
                    }
                })
            })
            .collect::<Result<Vec<_>>>()?;
        checks.extend(quote! {
            {
                let state = ::earnout_frame::AccountLoader::<#state>::new(view).load()?;
                #(#compared)*
            }
        });
    }
    if let Some(address) = &field.address {
        checks.extend(quote!(::earnout_frame::check::address(view, &#address)?;));
    }
    if checks.is_empty() {
        return Ok(checks);
    }
    let checks = if field.optional {
        quote!(if !::earnout_frame::same(view.address(), &crate::ID) { #checks })
    } else {
        checks
    };
    Ok(quote! {
        let view = &views[#index];
        #checks
    })
}

fn value(index: usize, field: &Account) -> Tokens {
    let value = match &field.kind {
        Kind::Signer => quote!(::earnout_frame::Signer::new(&views[#index])),
        Kind::Loader(_) => quote!(::earnout_frame::AccountLoader::new(&views[#index])),
        Kind::Program(_) => quote!(::earnout_frame::Program::new(&views[#index])),
        Kind::Unchecked => quote!(::earnout_frame::UncheckedAccount::new(&views[#index])),
    };
    if field.optional {
        quote!(if ::earnout_frame::same(views[#index].address(), &crate::ID) { None } else { Some(#value) })
    } else {
        value
    }
}

fn account(field: &Field) -> Result<Account> {
    let name = field
        .ident
        .clone()
        .ok_or_else(|| Error::new_spanned(field, "a name expected"))?;
    let (kind, optional) = match kind(&field.ty)? {
        Some(kind) => (kind, false),
        None => {
            let unknown = || Error::new_spanned(&field.ty, "an unknown kind of account");
            if last_segment(&field.ty)?.ident != "Option" {
                return Err(unknown());
            }
            (kind(&argument(&field.ty)?)?.ok_or_else(unknown)?, true)
        }
    };
    let mut account = Account {
        name,
        kind,
        optional,
        mutable: false,
        has_one: Vec::new(),
        address: None,
    };
    for attribute in field
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("account"))
    {
        for part in split_at_commas(attribute.meta.require_list()?.tokens.clone()) {
            constraint(&mut account, part)?;
        }
    }
    Ok(account)
}

/// Splits at the commas of the outermost level.
fn split_at_commas(tokens: Tokens) -> Vec<Tokens> {
    let mut parts = Vec::new();
    let mut part = Tokens::new();
    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => parts.push(std::mem::take(&mut part)),
            _ => part.extend([token]),
        }
    }
    parts.push(part);
    parts.retain(|part| !part.is_empty());
    parts
}

fn constraint(account: &mut Account, part: Tokens) -> Result<()> {
    let name = match part.clone().into_iter().next() {
        Some(TokenTree::Ident(name)) => name.to_string(),
        _ => String::new(),
    };
    match name.as_str() {
        "mut" => account.mutable = true,
        "has_one" => {
            let parser = |input: syn::parse::ParseStream| {
                input.parse::<Ident>()?;
                input.parse::<Token![=]>()?;
                let target: Ident = input.parse()?;
                input.parse::<Token![@]>()?;
                Ok((target, input.parse::<Expr>()?))
            };
            account.has_one.push(parser.parse2(part)?);
        }
        "address" => account.address = Some(*syn::parse2::<ExprAssign>(part)?.right),
        _ => return Err(Error::new_spanned(part, "a constraint that the frame does not know")),
    }
    Ok(())
}

fn kind(ty: &Type) -> Result<Option<Kind>> {
    Ok(match last_segment(ty)?.ident.to_string().as_str() {
        "Signer" => Some(Kind::Signer),
        "UncheckedAccount" => Some(Kind::Unchecked),
        "AccountLoader" => Some(Kind::Loader(argument(ty)?)),
        "Program" => Some(Kind::Program(argument(ty)?)),
        _ => None,
    })
}

fn last_segment(ty: &Type) -> Result<&syn::PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
    .ok_or_else(|| Error::new_spanned(ty, "a path expected"))
}

/// The last type among the arguments of a type.
fn argument(ty: &Type) -> Result<Type> {
    let types = match &last_segment(ty)?.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().filter_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty.clone()),
            _ => None,
        }),
        _ => return Err(Error::new_spanned(ty, "an argument expected")),
    };
    types
        .last()
        .ok_or_else(|| Error::new_spanned(ty, "an argument expected"))
}

/// `#[program]`: finds the instruction that the data name and calls it. Wants `describe`, the names and texts of the
/// program's errors, in the crate's `error` module.
#[proc_macro_attribute]
pub fn program(_: TokenStream, input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as ItemMod);
    dispatch(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn dispatch(input: &ItemMod) -> Result<Tokens> {
    let items = input.content.iter().flat_map(|(_, items)| items);
    let functions: Vec<&ItemFn> = items
        .filter_map(|item| match item {
            Item::Fn(function) => Some(function),
            _ => None,
        })
        .collect();
    let arms = functions.iter().map(|function| {
        let (tag, wrapper) = (tag_number("global", &function.sig.ident), wrapper_name(function));
        quote!(#tag => #wrapper(views, data),)
    });
    let wrappers = functions
        .iter()
        .map(|function| wrapper(&input.ident, function))
        .collect::<Result<Vec<_>>>()?;
    Ok(quote! {
        #input

        const IDENTITY: ::earnout_frame::Identity = ::earnout_frame::Identity {
            program: crate::ID,
            event_authority: crate::EVENT_AUTHORITY_AND_BUMP.0,
            describe: crate::error::describe,
        };

        #[cfg(not(feature = "no-entrypoint"))]
        mod entry {
            ::earnout_frame::pinocchio::entrypoint!(super::process);
        }

        /// Runs the instruction that the data name.
        ///
        /// # Errors
        /// Those of the instruction.
        #[inline(always)]
        pub fn process(
            program: &Pubkey,
            views: &[::earnout_frame::AccountView],
            data: &[u8],
        ) -> ::earnout_frame::pinocchio::ProgramResult {
            ::earnout_frame::entry::process(&IDENTITY, program, views, data, dispatch)
        }

        #[inline(always)]
        fn dispatch(tag: u64, views: &[::earnout_frame::AccountView], data: &[u8]) -> ::earnout_frame::Result<()> {
            match tag {
                #(#arms)*
                _ => Err(::earnout_frame::entry::unknown()),
            }
        }

        #(#wrappers)*
    })
}

fn wrapper_name(function: &ItemFn) -> Ident {
    format_ident!("__{}", function.sig.ident)
}

/// The function that reads arguments and accounts and calls the handler. Not inlined: a frame of the stack has 4,096
/// bytes.
fn wrapper(module: &Ident, function: &ItemFn) -> Result<Tokens> {
    let (name, wrapper) = (&function.sig.ident, wrapper_name(function));
    let mut inputs = function.sig.inputs.iter();
    let Some(FnArg::Typed(context)) = inputs.next() else {
        return Err(Error::new_spanned(&function.sig, "a context expected"));
    };
    let accounts = without_lifetimes(argument(&context.ty)?)?;
    let mut reads = Tokens::new();
    let mut names = Vec::new();
    for input in inputs {
        let FnArg::Typed(input) = input else {
            return Err(Error::new_spanned(input, "an argument expected"));
        };
        let Pat::Ident(name) = &*input.pat else {
            return Err(Error::new_spanned(&input.pat, "a name expected"));
        };
        let (name, ty) = (&name.ident, &input.ty);
        reads.extend(quote!(let #name: #ty = ::earnout_frame::entry::argument(&mut data)?;));
        names.push(name);
    }
    let line = LitStr::new(&format!("Instruction: {}", camel(&name.to_string())), name.span());
    Ok(quote! {
        #[inline(never)]
        fn #wrapper<'info>(views: &'info [::earnout_frame::AccountView], data: &[u8]) -> ::earnout_frame::Result<()> {
            #[cfg(not(feature = "no-log-ix-name"))]
            ::earnout_frame::entry::log_name(#line);
            #[allow(unused)]
            let mut data = data;
            #reads
            let accounts = <#accounts as ::earnout_frame::Accounts>::take(views)?;
            let remaining_accounts = &views[<#accounts as ::earnout_frame::Accounts>::COUNT..];
            #module::#name(::earnout_frame::Context { accounts, remaining_accounts }, #(#names),*)
        }
    })
}

/// `create_plan` as `CreatePlan`.
fn camel(snake: &str) -> String {
    let words = snake.split('_').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

fn without_lifetimes(mut ty: Type) -> Result<Type> {
    let Type::Path(path) = &mut ty else {
        return Err(Error::new(ty.span(), "a path expected"));
    };
    for segment in &mut path.path.segments {
        segment.arguments = PathArguments::None;
    }
    Ok(ty)
}

/// The eight bytes by which a name is told from others.
fn tag(space: &str, name: &Ident) -> [u8; 8] {
    let hash = Sha256::digest(format!("{space}:{name}"));
    let mut tag = [0; 8];
    tag.copy_from_slice(&hash[..8]);
    tag
}

fn tag_number(space: &str, name: &Ident) -> u64 {
    u64::from_le_bytes(tag(space, name))
}

/// `#[event]`: bytes as Anchor's.
#[proc_macro_attribute]
pub fn event(_: TokenStream, input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as ItemStruct);
    let (name, tag) = (&input.ident, tag("event", &input.ident));
    quote! {
        #[derive(::earnout_frame::AnchorSerialize)]
        #input

        impl ::earnout_frame::Event for #name {
            const TAG: [u8; 8] = [#(#tag),*];
        }
    }
    .into()
}

/// `#[derive(AnchorSerialize)]`: borsh's bytes, without a way to fail.
#[proc_macro_derive(AnchorSerialize)]
pub fn encode(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derive_encode(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn derive_encode(input: &DeriveInput) -> Result<Tokens> {
    let name = &input.ident;
    let body = match &input.data {
        Data::Struct(data) => {
            let names = data.fields.iter().map(|field| &field.ident);
            quote!(#(::earnout_frame::Encode::encode(&self.#names, out);)*)
        }
        Data::Enum(data) => {
            let arms = variants(data)?.into_iter().map(|(number, name, has_value)| {
                if has_value {
                    quote!(Self::#name(value) => {
                        out.put(&[#number]);
                        ::earnout_frame::Encode::encode(value, out);
                    })
                } else {
                    quote!(Self::#name => out.put(&[#number]),)
                }
            });
            quote!(match self { #(#arms)* })
        }
        Data::Union(_) => return Err(Error::new_spanned(name, "a union has no bytes of its own")),
    };
    Ok(quote! {
        impl ::earnout_frame::Encode for #name {
            #[inline(always)]
            fn encode(&self, out: &mut ::earnout_frame::raw::Buffer) {
                #body
            }
        }
    })
}

/// `#[derive(AnchorDeserialize)]`: borsh's bytes.
#[proc_macro_derive(AnchorDeserialize)]
pub fn decode(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derive_decode(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn derive_decode(input: &DeriveInput) -> Result<Tokens> {
    let name = &input.ident;
    let body = match &input.data {
        Data::Struct(data) => {
            let names = data.fields.iter().map(|field| &field.ident);
            quote!(Some(Self { #(#names: ::earnout_frame::Decode::decode(data)?),* }))
        }
        Data::Enum(data) => {
            let arms = variants(data)?.into_iter().map(|(number, name, has_value)| {
                if has_value {
                    quote!(#number => Some(Self::#name(::earnout_frame::Decode::decode(data)?)),)
                } else {
                    quote!(#number => Some(Self::#name),)
                }
            });
            quote!(match <u8 as ::earnout_frame::Decode>::decode(data)? { #(#arms)* _ => None })
        }
        Data::Union(_) => return Err(Error::new_spanned(name, "a union has no bytes of its own")),
    };
    Ok(quote! {
        impl ::earnout_frame::Decode for #name {
            fn decode(data: &mut &[u8]) -> Option<Self> {
                #body
            }
        }
    })
}

/// Number and name of each variant, and whether it has a value.
fn variants(data: &syn::DataEnum) -> Result<Vec<(u8, &Ident, bool)>> {
    let variants = data.variants.iter().enumerate().map(|(number, variant)| {
        let number = u8::try_from(number).map_err(|_| Error::new_spanned(variant, "more than 256 variants"))?;
        let has_value = match &variant.fields {
            Fields::Unit => false,
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => true,
            other => return Err(Error::new_spanned(other, "at most one value without a name expected")),
        };
        Ok((number, &variant.ident, has_value))
    });
    variants.collect()
}
