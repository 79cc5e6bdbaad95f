#include "planner/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "planner/spec/problems.hpp"

namespace reckon {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what, int error) {
  throw InputError({{printable(path, 200), 0, 0, "", what + ": " + std::strerror(error)}});
}

// The file that a path stands for, links followed, so that the link stays a link.
std::string real_path(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
  return error ? path : real.string();
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// A descriptor that closes itself, and the temporary name it may have.
class Temporary {
 public:
  explicit Temporary(const std::string& path)
      : path_(real_path(path)), name_(path_ + "." + std::to_string(::getpid()) + ".part") {
    descriptor_ = ::open(folder_of(path_).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    unnamed_ = descriptor_ >= 0;
    if (!unnamed_)
      descriptor_ = ::open(name_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail(path_, "cannot be written", errno);
    struct stat before {};
    if (::stat(path_.c_str(), &before) == 0) ::fchmod(descriptor_, before.st_mode & 07777U);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    ::close(descriptor_);
    if (!done_ && !unnamed_) ::unlink(name_.c_str());
  }

  void append(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(path_, "cannot be written", errno);
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void finish() {
    if (::fsync(descriptor_) != 0) fail(path_, "cannot be written", errno);
    if (unnamed_) {
      const std::string self = "/proc/self/fd/" + std::to_string(descriptor_);
      if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name_.c_str(), AT_SYMLINK_FOLLOW) != 0) {
        fail(path_, "cannot be written", errno);
      }
      unnamed_ = false;
    }
    if (::rename(name_.c_str(), path_.c_str()) != 0) fail(path_, "cannot be replaced", errno);
    done_ = true;
  }

 private:
  std::string path_;
  std::string name_;
  int descriptor_ = -1;
  bool unnamed_ = false;
  bool done_ = false;
};

void write_stdout(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("standard output", "cannot be written", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// Devices and pipes (/dev/null, /dev/full, /dev/stdout) are written to, not replaced.
bool is_special(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

void write_special(const std::string& path, const std::function<void(const TextSinkTo&)>& write) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) fail(path, "cannot be written", errno);
  int error = 0;
  write([&](std::string_view text) {
    while (error == 0 && !text.empty()) {
      const ssize_t written = ::write(descriptor, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        error = errno;
      } else {
        text.remove_prefix(static_cast<std::size_t>(written));
      }
    }
  });
  ::close(descriptor);
  if (error != 0) fail(path, "cannot be written", error);
}

}  // namespace

std::string why_not_writable(const std::string& path) {
  if (path == "-" || is_special(path)) return {};
  std::error_code error;
  if (path.ends_with('/') || std::filesystem::is_directory(path, error)) {
    return "is a folder; give a file name";
  }
  const std::string file = real_path(path);
  const std::string folder = folder_of(file);
  if (!std::filesystem::exists(folder, error)) return "there is no folder " + folder + "; make it";
  if (!std::filesystem::is_directory(folder, error)) return folder + " is a file, not a folder";
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    return std::string(std::strerror(errno)) + " in folder " + folder + "; give another";
  }
  if (std::filesystem::exists(file, error) && ::access(file.c_str(), W_OK) != 0) {
    return std::string(std::strerror(errno)) + "; give another file";
  }
  return {};
}

void write_output(const std::string& path, const std::function<void(const TextSinkTo&)>& write) {
  if (path == "-") {
    write(write_stdout);
    return;
  }
  if (std::filesystem::is_directory(path)) fail(path, "cannot be written", EISDIR);
  if (is_special(path)) {
    write_special(path, write);
    return;
  }
  Temporary file(path);
  write([&file](std::string_view text) { file.append(text); });
  file.finish();
}

void write_output(const std::string& path, std::string_view text) {
  write_output(path, [text](const TextSinkTo& sink) { sink(text); });
}

}  // namespace reckon
