//! What looks like an environment and is none: run modes of programs, and hosts whose vendor runs everybody's environments
//! on what it calls production. Words that are parts of other words (`product`, `liveness`, `latest`) need no list: only
//! whole words are compared. Names of several words (`production line`) are in `policy/conventions.rs`, where a policy adds
//! its own.

/// Keys whose `production` is how a program was built or runs, in staging too: `NODE_ENV = production` stands in the
/// `.env.staging` of many repositories. What else they say is an author's label.
const RUN_MODES: [&str; 23] = [
    "app_env",
    "app_mode",
    "aspnetcore_environment",
    "babel_env",
    "craft_environment",
    "django_env",
    "dotnet_environment",
    "elixir_env",
    "flask_env",
    "gin_mode",
    "go_env",
    "hanami_env",
    "merb_env",
    "mix_env",
    "node_env",
    "node_environment",
    "npm_config_production",
    "phoenix_env",
    "rack_env",
    "rails_env",
    "rust_env",
    "symfony_env",
    "wp_env",
];

/// Hosts by their ending whose words are their vendor's or are used from every environment.
const SHARED_HOSTS: [&str; 10] = [
    // "prod" is Azure's in the URL of every Logic App: `prod-12.westeurope.logic.azure.com`.
    ".logic.azure.com",
    ".azurewebsites.windows.net",
    "dev.azure.com",
    // Registries hold the images of all environments: `acmeprod.azurecr.io`.
    ".azurecr.io",
    ".pkg.dev",
    ".jfrog.io",
    // `prometheus-prod-10-prod-us-central-0.grafana.net` serves every environment's metrics.
    ".grafana.net",
    ".visualstudio.com",
    "dev.mysql.com",
    ".devtools.google.com",
];

/// Whether a key in words joined by `_` sets a run mode.
pub(super) fn is_run_mode(key: &str) -> bool {
    // A prefix is the program's, or that of what hands the variable on: `env[APP_ENV]`, `SHOP_APP_ENV`.
    RUN_MODES.iter().any(|mode| {
        key.strip_suffix(mode)
            .is_some_and(|before| before.is_empty() || before.ends_with('_'))
    })
}

/// Whether the words of a host, in lower case, say nothing of whose it is.
pub(super) fn is_shared_host(host: &str) -> bool {
    SHARED_HOSTS.iter().any(|ending| host.ends_with(ending))
        // `111122223333.dkr.ecr.eu-west-1.amazonaws.com` and `abc.execute-api.eu-west-1.amazonaws.com`
        || host.ends_with(".amazonaws.com")
            && [".dkr.ecr.", ".execute-api."].iter().any(|part| host.contains(part))
}
