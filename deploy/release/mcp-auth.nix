# A Nix package:
#
#   nix-build --expr 'with import <nixpkgs> { }; callPackage ./mcp-auth.nix { }'
#
# It uses the Node of nixpkgs and not the executable with Node in it: Nix strips executables, and a single executable
# application does not start after that.
{
  lib,
  stdenvNoCC,
  fetchurl,
  installShellFiles,
  makeWrapper,
  nodejs,
}:

assert lib.versionAtLeast nodejs.version "20.19";

stdenvNoCC.mkDerivation {
  pname = "mcp-auth";
  version = "@version@";

  src = fetchurl {
    url = "@downloads@/@archive@";
    hash = "@sri@";
  };

  nativeBuildInputs = [
    installShellFiles
    makeWrapper
  ];

  dontConfigure = true;
  dontBuild = true;

  installPhase = ''
    runHook preInstall
    install -D --mode=644 --target-directory=$out/lib/mcp-auth mcp-auth.mjs
    install -D --mode=644 --target-directory=$out/share/doc/mcp-auth LICENSE THIRD-PARTY-LICENSES.txt
    makeWrapper ${nodejs}/bin/node $out/bin/mcp-auth --add-flags $out/lib/mcp-auth/mcp-auth.mjs
    installManPage mcp-auth.1
    installShellCompletion --bash --name mcp-auth completions/mcp-auth.bash
    installShellCompletion --zsh --name _mcp-auth completions/_mcp-auth
    installShellCompletion --fish --name mcp-auth.fish completions/mcp-auth.fish
    runHook postInstall
  '';

  meta = {
    description = "@summary@";
    homepage = "@homepage@";
    license = lib.licenses.mit;
    mainProgram = "mcp-auth";
    platforms = nodejs.meta.platforms;
  };
}
