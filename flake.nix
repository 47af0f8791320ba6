# A Nix flake: `nix run .`, `nix profile install .`. Not run in this project's tests (no Nix there).
{
  description = "A git gate between environments: stops production credentials from entering staging";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      each = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
    in {
      packages = each (pkgs: {
        default = pkgs.rustPlatform.buildRustPackage {
          pname = "stagegate";
          version = (fromTOML (builtins.readFile ./Cargo.toml)).package.version;
          src = self;
          cargoLock.lockFile = ./Cargo.lock;
          # The tests start servers and need registries; `tests/run.sh` runs them.
          doCheck = false;
          meta = {
            license = with pkgs.lib.licenses; [ mit asl20 ];
            mainProgram = "stagegate";
          };
        };
      });
    };
}
