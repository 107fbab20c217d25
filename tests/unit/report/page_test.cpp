#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "demo_page.hpp"
#include "proxon/base/error.hpp"
#include "proxon/report/assets.hpp"
#include "proxon/report/charts.hpp"

using namespace proxon;
using namespace proxon::report;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

std::size_t times(std::string_view text, std::string_view wanted) {
  std::size_t count = 0;
  for (std::size_t at = text.find(wanted); at != text.npos; at = text.find(wanted, at + wanted.size())) ++count;
  return count;
}

/// What the page's script would read.
json charts_of(const std::string& html) {
  const std::string open = "<script type=\"application/json\" id=\"charts\">";
  const std::size_t begin = html.find(open) + open.size(), end = html.find("</script>", begin);
  return json::parse(html.substr(begin, end - begin));
}

std::string render_one(Block block) {
  return render({.title = "t", .sections = {{.heading = "h", .blocks = {std::move(block)}}}});
}

/// The page without Chart.js, whose licence text names its home page.
std::string own_part(std::string html) {
  const std::size_t at = html.find(assets::chart_js);
  REQUIRE(at != html.npos);
  return html.erase(at, assets::chart_js.size());
}

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

struct Folder {
  fs::path path = fs::temp_directory_path() / fmt::format("proxon_report_test_{}", getpid());
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  std::size_t files() const { return std::distance(fs::directory_iterator(path), fs::directory_iterator()); }
};

}  // namespace

TEST_CASE("the embedded files are those of the source tree, byte by byte") {
  const fs::path folder = fs::path(PROXON_SOURCE_DIR) / "framework/report/assets";
  CHECK(assets::report_js == read(folder / "report.js"));
  CHECK(assets::report_css == read(folder / "report.css"));
  CHECK(assets::chart_js.find("Chart.js v3") != std::string_view::npos);
  CHECK(assets::chart_js.find("window.Chart=") != std::string_view::npos);
}

TEST_CASE("a page refers to nothing outside itself") {
  const std::string html = own_part(render(demo_page()));
  for (const char* door : {"http://", "https://", "src=", "@import", "url(", "fetch(", "XMLHttpRequest", "import(",
                           "<iframe", "<object"}) {
    CAPTURE(door);
    CHECK(times(html, door) == 0);
  }
  CHECK(times(html, "Content-Security-Policy\" content=\"default-src 'none';") == 1);
  CHECK(times(html, "<link ") == 1);
  CHECK(times(html, "<link rel=\"icon\" href=\"data:,\">") == 1);
}

TEST_CASE("the data read back as JSON, with six significant digits and gaps for what is not finite") {
  const json charts =
      charts_of(render_one(Lines{.title = "V",
                                 .caption = "c",
                                 .x = {"time", "ms"},
                                 .y = {"V_m", "mV"},
                                 .series = {{"n1", {0, 0.1, 0.2, 0.3}, {-64.123456789, NAN, -INFINITY, 1.0 / 3}}}}));
  REQUIRE(charts.size() == 1);
  CHECK(charts[0]["x"]["title"] == "time (ms)");
  CHECK(charts[0]["y"]["title"] == "V_m (mV)");
  CHECK(charts[0]["series"][0]["y"] == json({-64.1235, nullptr, nullptr, 0.333333}));
  CHECK(charts[0]["series"][0]["x"] == json({0, nullptr, nullptr, 0.3}));
}

TEST_CASE("times far from zero keep the digits that tell them apart") {
  const std::vector<double> times = {3600000.1, 3600000.2, 3600000.3};
  const json charts = charts_of(render_one(Raster{.groups = {{.name = "E", .times = times, .rows = {0, 1, 2}}}}));
  CHECK(charts[0]["groups"][0]["times"].get<std::vector<double>>() == times);
}

TEST_CASE("hostile text survives as text") {
  const std::string hostile = "</script><script>alert(1)</script> <!-- & \"q\" 'a' \\ \xC3\xA9\xE7\xA5\x9E";
  const std::string shown_as =
      "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt; &lt;!-- &amp; &quot;q&quot; &#39;a&#39; \\ "
      "\xC3\xA9\xE7\xA5\x9E";
  Page page{.title = hostile, .subtitle = hostile, .footer = hostile};
  page.sections = {{.heading = hostile, .text = hostile}, {.heading = hostile}};
  page.sections[0].blocks = {
      Facts{.title = hostile, .caption = hostile, .facts = {{hostile, hostile, hostile}}},
      Table{.title = hostile, .caption = hostile, .columns = {{hostile, hostile}}, .rows = {{hostile}}},
      Code{.title = hostile, .caption = hostile, .text = hostile},
      Lines{.title = hostile, .caption = hostile, .x = {hostile}, .y = {hostile}, .series = {{hostile, {1}, {2}}}},
      Lines{.title = hostile, .caption = hostile, .series = {{hostile, {1}, {NAN}}}}};
  const std::string html = render(page);
  CHECK(times(html, "alert(1)</script>") == 0);
  CHECK(times(html, "<!--") == 0);
  // Title twice, subtitle, footer; contents twice; headings twice and a text; 5 + 5 + 3 in facts, table and code;
  // title, caption and label (both) of the drawn chart, title and caption of the empty one.
  CHECK(times(html, shown_as) == 4 + 2 + 3 + 5 + 5 + 3 + 4 + 2);
  const json charts = charts_of(html);
  REQUIRE(charts.size() == 1);
  CHECK(charts[0]["series"][0]["name"] == hostile);
  CHECK(charts[0]["x"]["title"] == hostile);
}

TEST_CASE("bytes that are not UTF-8 do not stop a report") {
  const json charts = charts_of(render_one(Lines{.title = "\xFF", .series = {{"a\xC3", {1}, {2}}}}));
  CHECK(charts[0]["series"][0]["name"] == "a\xEF\xBF\xBD");
}

TEST_CASE("a chart with nothing to draw says so and draws nothing") {
  const Block empty[] = {Lines{.title = "t"},
                         Lines{.series = {{"a", {}, {}}}},
                         Lines{.series = {{"a", {1, 2}, {NAN, INFINITY}}}},
                         Lines{.y = {"loss", "", logarithmic}, .series = {{"a", {1, 2}, {0, -1}}}},
                         Histogram{},
                         Histogram{.edges = {0, 1, 2}, .series = {{"a", {0, 0}}}},
                         binned({}, {{"a", {}}, {"b", {NAN}}}),
                         Raster{},
                         Raster{.groups = {{"E", {}, {}}}},
                         Raster{.groups = {{"E", {5}, {1}}}, .from = 6},
                         Scatter{.series = {{"a", {NAN}, {1}}}},
                         Heatmap{},
                         Heatmap{.rows = 1, .columns = 2, .values = {NAN, NAN}},
                         Table{.columns = {{"metric"}}},
                         Facts{}};
  for (std::size_t b = 0; b < std::size(empty); ++b) {
    CAPTURE(b);
    const std::string html = render_one(empty[b]);
    CHECK(times(html, "<p class=\"none\">No data</p>") == 1);
    CHECK(charts_of(html).empty());
    CHECK(times(html, "<canvas") == 0);
  }
}

TEST_CASE("a caption says what was left out") {
  const std::string html =
      render_one(Lines{.caption = "Look.",
                       .y = {"loss", "", logarithmic},
                       .series = {{"a", {1, 2, 3}, {0, 0.5, -1}}, {"b", {1}, {NAN}}, {"c", {}, {}}}});
  CHECK(times(html,
              "<figcaption>Look. <span class=\"note\">No data for &#39;b&#39; and &#39;c&#39;. "
              "2 values of zero or below are left out of the logarithmic axis.</span></figcaption>") == 1);
  CHECK(charts_of(html)[0]["series"].size() == 1);
}

TEST_CASE("a chart is labelled for those who cannot see it, and a colour stays with its series") {
  const std::string html =
      render_one(Lines{.title = "Loss",
                       .caption = "It must fall.",
                       .series = {{"none", {}, {}}, {"b", {1}, {1}}, {.name = "I", .x = {1}, .y = {1}, .colour = 1}}});
  CHECK(times(html, "role=\"img\" aria-label=\"Loss. It must fall.\"") == 1);
  const json charts = charts_of(html);
  CHECK(charts[0]["series"][0]["colour"] == 1);  // the second by order
  CHECK(charts[0]["series"][1]["colour"] == 1);  // as asked for
}

TEST_CASE("numbers are written for people") {
  CHECK(shown(std::int64_t{0}) == "0");
  CHECK(shown(std::int64_t{9999}) == "9999");
  CHECK(shown(std::int64_t{-12345}) == "-12,345");
  CHECK(shown(std::int64_t{-123456}) == "-123,456");
  CHECK(shown(std::numeric_limits<std::int64_t>::min()) == "-9,223,372,036,854,775,808");
  CHECK(shown(std::int64_t{1234567}) == "1,234,567");
  CHECK(shown(0.93124) == "0.9312");
  CHECK(shown(0.5) == "0.5000");
  CHECK(shown(-0.0) == "0");
  CHECK(shown(999.99) == "1000");
  CHECK(shown(0.99999) == "1.000");
  CHECK(shown(0.00012345) == "0.0001234");
  CHECK(shown(-12.0) == "-12.00");
  CHECK(shown(12345.6) == "12,346");
  CHECK(shown(1e-7) == "1.000e-07");
  CHECK(shown(2.5e12) == "2.500e+12");
  CHECK(shown(NAN) == "–");
  CHECK(shown(Cell()) == "–");
  CHECK(shown(Cell(std::optional<double>())) == "–");
  CHECK(shown(Cell(std::optional<int>(3))) == "3");
  CHECK(shown(Cell(true)) == "yes");
  CHECK(shown(Cell(std::uint64_t{18446744073709551615U})) == "18446744073709551615");
}

TEST_CASE("columns of numbers are set to the right, also where a value is undefined") {
  const std::string html = render_one(Table{.columns = {{"metric"}, {"value", "Hz"}, {"empty"}},
                                            .rows = {{"r2", 0.5, {}}, {"auc", NAN, {}}, {"n", {}, {}}, {"k", 3, {}}}});
  CHECK(times(html, "<th scope=\"col\" class=\"number\">value <span class=\"unit\">(Hz)</span></th>") == 1);
  CHECK(times(html, "<td class=\"number\">0.5000</td>") == 1);
  CHECK(times(html, "<td class=\"number\">–</td>") == 2);
  CHECK(times(html, "<td class=\"number\">") == 4);
}

TEST_CASE("vectors that do not fit each other are a mistake of the program, found before a page exists") {
  CHECK_THROWS(render_one(Lines{.series = {{"a", {1, 2}, {1}}}}));
  CHECK_THROWS(render_one(Raster{.groups = {{"E", {1.0, 2.0}, {1}}}}));
  CHECK_THROWS(render_one(Heatmap{.rows = 2, .columns = 2, .values = {1, 2, 3}}));
  CHECK_THROWS(render_one(Heatmap{.rows = 1, .columns = 1, .values = {1}, .row_names = {"a", "b"}}));
  CHECK_THROWS(render_one(Histogram{.edges = {0, 1}, .series = {{"a", {1, 2}}}}));
  CHECK_THROWS(render_one(Histogram{.edges = {1, 0}, .series = {{"a", {1}}}}));
  CHECK_THROWS(render_one(Table{.columns = {{"a"}}, .rows = {{1, 2}}}));
}

TEST_CASE("sections have addresses of their own, also with equal headings or none") {
  const std::string html =
      render({.title = "t", .sections = {{.heading = "Dark & light"}, {.heading = "Dark & light"}, {.heading = ""}}});
  for (const char* id : {"1-dark-light", "2-dark-light", "3"}) {
    CAPTURE(id);
    CHECK(times(html, fmt::format("<section id=\"{}\">", id)) == 1);
    CHECK(times(html, fmt::format("<a href=\"#{}\">", id)) == 1);
  }
  CHECK(times(render({.title = "t", .sections = {{.text = "one\n\n\n\ntwo"}}}), "<p>") == 2);
}

TEST_CASE("a page is written whole or not at all") {
  const Folder folder;
  const fs::path path = folder.path / "report.html";
  const Page page = demo_page();
  write_html(page, path);
  CHECK(read(path) == render(page));
  CHECK(folder.files() == 1);
  write_html({.title = "second"}, path);
  CHECK(read(path) == render({.title = "second"}));

  SUBCASE("no such folder") {
    CHECK_THROWS_AS(write_html(page, folder.path / "absent/report.html"), Error);
    try {
      write_html(page, folder.path / "absent/report.html");
    } catch (const Error& error) {
      CHECK(times(error.what(), "absent/report.html': No such file or directory.") == 1);
    }
  }
  SUBCASE("a folder stands in the way") {
    fs::create_directory(folder.path / "taken");
    CHECK_THROWS_AS(write_html(page, folder.path / "taken"), Error);
    CHECK(folder.files() == 2);
  }
  SUBCASE("no permission") {
    if (geteuid() == 0) {
      MESSAGE("skipped: root may write everywhere");
      return;
    }
    fs::permissions(folder.path, fs::perms::owner_read | fs::perms::owner_exec);
    CHECK_THROWS_AS(write_html(page, path), Error);
    fs::permissions(folder.path, fs::perms::owner_all);
    CHECK(folder.files() == 1);
  }
  SUBCASE("the disk is full: a limit on the file size fails the same call") {
    rlimit before;
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small = {50000, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    std::string sentence;
    try {
      write_html(page, path);
    } catch (const Error& error) {
      sentence = error.what();
    }
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    CHECK(times(sentence, "cannot be written to") == 1);
    CHECK(folder.files() == 1);
    CHECK(read(path) == render({.title = "second"}));
  }
}

TEST_CASE("a browser draws every chart of the demonstration and of the corner cases") {
  if (std::system("chromium --version > /dev/null 2>&1") != 0) {
    MESSAGE("skipped: there is no chromium (Debian: chromium)");
    return;
  }
  const Folder folder;
  for (const auto& page : {demo_page(), corner_page()}) {
    const fs::path path = folder.path / "page.html";
    write_html(page, path);
    const std::string html = read(path), dom = folder.path / "dom.html";
    const std::string command = fmt::format(
        "timeout 120 chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync --user-data-dir={0}/profile --window-size=1280,1000 --dump-dom "
        "'file://{1}#dark' > {2} "
        "2> {0}/log",
        folder.path.string(), path.string(), dom);
    REQUIRE(std::system(command.c_str()) == 0);
    const std::string seen = read(dom);
    CHECK(times(seen,
                fmt::format("<html lang=\"en\" data-theme=\"dark\" data-drawn=\"{}\">", charts_of(html).size())) == 1);
    CHECK(times(seen, "<title>broken</title>") == 0);
  }
}
