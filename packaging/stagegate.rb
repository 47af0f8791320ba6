# A Homebrew formula, for a tap: builds from the source of a release. Not run in this project's tests (no Homebrew there).
class Stagegate < Formula
  desc "Git gate between environments: stops production credentials from entering staging"
  homepage "https://example.invalid/stagegate"
  url "https://example.invalid/stagegate/archive/v0.1.0.tar.gz"
  sha256 "0" * 64 # of the archive
  license any_of: ["MIT", "Apache-2.0"]

  depends_on "rust" => :build

  def install
    system "cargo", "install", *std_cargo_args
  end

  test do
    system "git", "init", "-q", "shop"
    cd "shop" do
      system bin/"stagegate", "install"
      assert_match "guarded by pre-commit", shell_output("#{bin}/stagegate doctor")
    end
  end
end
