// Every way in which a plugin can be wrong, each with a file that is wrong in that way, and the sentence with which it is refused.
#include <doctest/doctest.h>
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xmmintrin.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "proxon/plugin/registry.hpp"

using namespace proxon;
namespace fs = std::filesystem;

namespace {

const fs::path bad = PROXON_BAD_PLUGINS;

std::string file_of(const std::string& name) { return (bad / name / (name + ".so")).string(); }

/// What the registry says when it is given the file, "" when it takes it and opens it.
std::string refusal(const std::string& file) {
  try {
    Registry registry({});
    const FoundPlugin& plugin = registry.add(file);
    registry.find(plugin.kind, plugin.name);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

/// A folder that is removed at the end.
struct Folder {
  fs::path path;
  explicit Folder(const std::string& name) : path(fs::temp_directory_path() / ("proxon_" + name + "_" + std::to_string(getpid()))) {
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path / name, std::ios::binary) << bytes;
    return (path / name).string();
  }
};

/// Where the stamp lies in a plugin's bytes.
size_t stamp_place(const std::string& bytes) {
  const size_t owner = bytes.find(std::string_view(stamp_owner, sizeof(stamp_owner)));
  return owner == std::string::npos ? owner : owner - offsetof(Stamp, owner);
}

/// The good plugin's bytes with its stamp changed.
template <class Change>
std::string with_stamp(Change change) {
  std::string bytes = bytes_of(file_of("good"));
  const size_t at = stamp_place(bytes);
  REQUIRE(at != std::string::npos);
  Stamp stamp;
  std::memcpy(&stamp, bytes.data() + at, sizeof(stamp));
  change(stamp);
  std::memcpy(bytes.data() + at, &stamp, sizeof(stamp));
  return bytes;
}

constexpr unsigned denormal_bits = 0x8040;  // flush to zero, denormals are zero

}  // namespace

TEST_CASE("the plugin that the others are made from is taken") { CHECK(refusal(file_of("good")) == ""); }

TEST_CASE("another version of the interface is refused") {
  CHECK(refusal(file_of("other_interface")) == file_of("other_interface") +
                                                   ": was built for plugin interface 999 and this program has interface 1; build it "
                                                   "again with this version's headers.");
}

TEST_CASE("another layout of the interface's structs is refused, though nobody changed a version") {
  const std::string why = refusal(file_of("other_layout"));
  CHECK(has(why, file_of("other_layout") + ": was built with another layout of the neuron interface ("));
  CHECK(has(why, "build it again with this version's headers."));
}

TEST_CASE("fast math is refused before the file can change the arithmetic of the process") {
  const unsigned before = _mm_getcsr() & denormal_bits;
  CHECK(before == 0);
  CHECK(refusal(file_of("fast_math")) == file_of("fast_math") +
                                             ": was built with -ffast-math, which would change the arithmetic of the whole program when "
                                             "loaded; build it without.");
  for (const char* part : {"unsafe_math", "finite_math"}) CHECK_MESSAGE(has(refusal(file_of(part)), "-ffast-math"), part);
  CHECK((_mm_getcsr() & denormal_bits) == before);

  // That the danger is real: a process of its own opens the file without asking.
  const pid_t child = fork();
  if (child == 0) {
    void* handle = dlopen(file_of("fast_math").c_str(), RTLD_NOW);
    _exit(!handle ? 2 : (_mm_getcsr() & denormal_bits) ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) != 2);
  if (WEXITSTATUS(status) == 0) std::cout << "note: this compiler's -ffast-math objects do not change denormals when loaded\n";
}

TEST_CASE("a plugin with another sanitizer than the program is refused") {
  const std::string why = refusal(file_of("other_sanitizer"));
  CHECK(has(why, file_of("other_sanitizer") + ": was built with"));
  CHECK(has(why, "address sanitizer") != has(why, "thread sanitizer"));
  CHECK(has(why, "build both alike."));
}

TEST_CASE("an instruction set that the processor lacks is refused, by name where it has one") {
  const Folder folder("isa");
  const std::string unknown =
      refusal(folder.write("unknown.so", with_stamp([](Stamp& stamp) { stamp.instruction_sets |= uint64_t{1} << 63; })));
  CHECK(has(unknown, "unknown.so: uses instructions that this processor lacks ("));
  CHECK(has(unknown, "-march=x86-64-v3"));
  CHECK_FALSE(has(unknown, "none beyond"));
  // A set that this processor lacks, where there is one: avx512vnni exists on few.
  for (size_t i = 0; i < std::size(instruction_set_names); ++i) {
    const std::string file = folder.write("lacks.so", with_stamp([&](Stamp& stamp) { stamp.instruction_sets = uint64_t{1} << i; }));
    const std::string why = judge(read_stamp(file), file);  // not opened: the next turn writes over it
    if (!why.empty()) CHECK(has(why, fmt::format("({})", instruction_set_names[i])));
  }
}

TEST_CASE("what is not a plugin is refused by what it is") {
  const Folder folder("not");
  CHECK(refusal(file_of("not_a_plugin")) == file_of("not_a_plugin") +
                                                ": is not a Proxon plugin: it holds no stamp. Does its source end with "
                                                "PROXON_PLUGIN(kind, name, Struct)?");
  CHECK(has(refusal(folder.write("text.so", "I am a text.\n")), "text.so: is not a shared object; "));
  CHECK(has(refusal(folder.write("empty.so", "")), "empty.so: is not a shared object; "));
  CHECK(has(refusal(folder.write("cut.so", bytes_of(file_of("good")).substr(0, 100))), "cut.so: "));
  // Cut behind the stamp: opening it would end the process.
  const std::string whole = bytes_of(file_of("good"));
  const size_t stamp = stamp_place(whole);
  CHECK(has(refusal(folder.write("half.so", whole.substr(0, stamp + sizeof(Stamp) + 64))), "half.so: is cut short"));
  CHECK(has(refusal((folder.path / "none.so").string()), "none.so: cannot be opened for reading."));
  fs::create_directory(folder.path / "folder.so");
  CHECK(refusal((folder.path / "folder.so").string()) != "");
  // An object file holds a stamp that fits and cannot be loaded.
  std::string object = whole;
  object[16] = 1;  // e_type: relocatable
  CHECK(has(refusal(folder.write("object.so", object)), "object.so: is not a shared object"));
  std::string other_machine = whole;
  other_machine[18] = static_cast<char>(183);  // e_machine: AArch64
  CHECK(has(refusal(folder.write("arm.so", other_machine)), "arm.so: is built for another processor"));
}

TEST_CASE("a kind that there is not is refused with the nearest that there is") {
  CHECK(refusal(file_of("unknown_kind")) == file_of("unknown_kind") +
                                                ": is a plugin of kind 'learning_rules', which this program does not know. Did you mean "
                                                "'learning_rule'?");
}

TEST_CASE("a stamp without the function, or with a function that says something else, is refused") {
  CHECK(refusal(file_of("no_function")) == file_of("no_function") +
                                               ": has a stamp but no function proxon_plugin; its source must end with "
                                               "PROXON_PLUGIN(kind, name, Struct).");
  const Folder folder("names");
  CHECK(has(refusal(folder.write("other.so", with_stamp([](Stamp& stamp) { std::strcpy(stamp.name, "gold"); }))),
            "other.so: is stamped as neuron 'gold' and says that it is neuron 'good'"));
}

TEST_CASE("a missing symbol is named as it is written in the source") {
  const std::string why = refusal(file_of("missing_symbol"));
  CHECK(has(why, file_of("missing_symbol") + ": cannot be loaded: it uses 'forgotten_library::gain(float, int)'"));
  CHECK(has(why, "define it, or link its library"));
}

TEST_CASE("of two plugins of one name the first folder's is taken, the other refused with both files named") {
  Registry registry({(bad / "good").string(), (bad / "good_again").string()});
  REQUIRE(registry.found().size() == 1);
  CHECK(registry.found()[0].file == file_of("good"));
  REQUIRE(registry.refused().size() == 1);
  CHECK(registry.refused()[0].reason == (bad / "good_again" / "good.so").string() +
                                            ": there is already a neuron called 'good', from " + file_of("good") +
                                            "; rename one of them.");
  Registry reversed({(bad / "good_again").string(), (bad / "good").string()});
  CHECK(reversed.found()[0].file == (bad / "good_again" / "good.so").string());
  // The same file twice is no duplicate.
  Registry twice({(bad / "good").string(), (bad / "good").string()});
  CHECK(twice.refused().empty());
}

TEST_CASE("a file that bears its plugin's name is taken before one that does not, in whatever way it is found") {
  const Folder first("first"), second("second");
  const std::string odd = first.write("odd.so", bytes_of(file_of("good")));
  {
    Registry registry({first.path.string(), second.path.string()});
    REQUIRE(registry.locate("neuron", "good"));
    CHECK(registry.locate("neuron", "good")->file == odd);
    CHECK(registry.locate("synapse", "good") == nullptr);
    CHECK(registry.refused().empty());
  }
  const std::string named = second.write("good.so", bytes_of(file_of("good")));
  const std::string why = odd + ": there is already a neuron called 'good', from " + named + "; rename one of them.";
  Registry asked({first.path.string(), second.path.string()}), listed(asked);
  CHECK(asked.locate("neuron", "good")->file == named);
  REQUIRE(listed.found().size() == 1);
  CHECK(listed.found()[0].file == named);
  for (Registry* registry : {&asked, &listed}) {
    REQUIRE(registry->refused().size() == 1);
    CHECK(registry->refused()[0].reason == why);
  }
  // A file of that name that holds something else is no hindrance.
  first.write("good.so", bytes_of((bad / "throws_in_step" / "throws_in_step.so").string()));
  Registry other({first.path.string()});
  CHECK(other.locate("neuron", "good")->file == odd);
  CHECK(other.locate("neuron", "throws_in_step") != nullptr);
}

TEST_CASE("asking for a plugin that was refused says why it was") {
  Registry registry({(bad / "fast_math").string(), (bad / "good").string()});
  CHECK_THROWS_WITH_AS(registry.find("neuron", "fast_math"),
                       ("the neuron 'fast_math' was refused: " + file_of("fast_math") +
                        ": was built with -ffast-math, which would change the arithmetic of the whole program when loaded; build it without.")
                           .c_str(),
                       Error);
  CHECK((_mm_getcsr() & denormal_bits) == 0);
}

TEST_CASE("one bad plugin does not keep the others from being found") {
  std::vector<std::string> folders;
  for (const auto& entry : fs::directory_iterator(bad)) folders.push_back(entry.path().string());
  Registry registry(folders);
  CHECK_NOTHROW(registry.find("neuron", "good"));
  CHECK(registry.refused().size() >= 8);
  for (const RefusedPlugin& refused : registry.refused()) CHECK_MESSAGE(std::string_view(".?").find(refused.reason.back()) != std::string_view::npos, refused.reason);
}

TEST_CASE("a constructor that throws becomes a sentence that names the plugin") {
  Registry registry({(bad / "throws_in_constructor").string()});
  PluginValue value = plugin_value(registry, "synapse", "throws_in_constructor");
  const auto make = [&] { Instance<SynapseTable, Step>(value, Step{0.1}); };
  CHECK_THROWS_WITH_AS(make(), "synapse 'throws_in_constructor': U must lie below tau_rec", Error);
  value.values.set(*value.values.find("plain"), false);
  CHECK_THROWS_WITH_AS(make(), "synapse 'throws_in_constructor': an exception that is not a std::exception", Error);
}

TEST_CASE("a hook that throws becomes a status, and the process goes on") {
  Registry registry({(bad / "throws_in_step").string()});
  const Instance<NeuronTable, Step> neuron(plugin_value(registry, "neuron", "throws_in_step"), Step{0.1});
  double V[3] = {};
  float I[3] = {1, -1, 1};
  void* columns[] = {V};
  float* planes[] = {I};
  int32_t fired[8];
  const StepContext context{0, Key{1, 2}, 0};
  Status status;
  neuron.table().update(neuron.object(), columns, planes, 0, 3, &context, fired, nullptr, &status);
  CHECK(status.failed == 1);
  CHECK(std::string(status.message.c_str()) == "the current is negative");
  CHECK_THROWS_WITH_AS(check(status, "neuron", "throws_in_step"), "neuron 'throws_in_step': the current is negative", Error);
}
