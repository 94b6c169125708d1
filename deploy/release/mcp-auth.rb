# A Homebrew formula. Put it into the folder Formula of a tap.
#
# It uses the Node of Homebrew and not the executable with Node in it: Homebrew rewrites the loader and the paths of libraries
# in every executable that it installs on Linux.
class McpAuth < Formula
  desc "@summary@"
  homepage "@homepage@"
  url "@downloads@/@archive@"
  version "@version@"
  sha256 "@sha256@"
  license "@license@"

  depends_on "node"

  def install
    libexec.install "mcp-auth.mjs"
    # The path through opt stays the same after an upgrade.
    (bin/"mcp-auth").write <<~SH
      #!/bin/sh
      exec "#{Formula["node"].opt_bin}/node" "#{opt_libexec}/mcp-auth.mjs" "$@"
    SH
    man1.install "mcp-auth.1"
    bash_completion.install "completions/mcp-auth.bash" => "mcp-auth"
    zsh_completion.install "completions/_mcp-auth"
    fish_completion.install "completions/mcp-auth.fish"
    prefix.install "LICENSE", "THIRD-PARTY-LICENSES.txt"
  end

  test do
    assert_equal version.to_s, shell_output("#{bin}/mcp-auth --version").strip
    # There is no login yet.
    assert_match "none", shell_output("#{bin}/mcp-auth token none 2>&1", 3)
  end
end
