#include "harness/Fuse.hxx"
#include "harness/Wait.hxx"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace harness {

namespace {

constexpr std::uint64_t FILE_NODE = 2, FILE_SIZE = 4096;

fuse_attr Attributes(std::uint64_t node) {
    fuse_attr attributes = {};
    attributes.ino = node;
    attributes.size = node == FILE_NODE ? FILE_SIZE : 0;
    attributes.mode = node == FILE_NODE ? S_IFREG | 0666 : S_IFDIR | 0777;
    attributes.nlink = 1;
    return attributes;
}

void Reply(int device, std::uint64_t unique, int error, const void *data = nullptr,
           std::size_t length = 0) {
    fuse_out_header head = {static_cast<std::uint32_t>(sizeof(head) + length), -error, unique};
    const iovec parts[] = {{&head, sizeof(head)}, {const_cast<void *>(data), length}};
    static_cast<void>(writev(device, parts, 2));
}

void Answer(int device, const fuse_in_header &request) {
    switch (request.opcode) {
    case FUSE_INIT: {
        fuse_init_out out = {};
        out.major = FUSE_KERNEL_VERSION;
        out.minor = 31;
        out.max_readahead = 65536;
        out.max_background = 16;
        out.congestion_threshold = 12;
        out.max_write = 65536;
        out.time_gran = 1;
        return Reply(device, request.unique, 0, &out, sizeof(out));
    }
    case FUSE_LOOKUP: {
        fuse_entry_out out = {};
        out.nodeid = FILE_NODE;
        out.attr = Attributes(FILE_NODE);
        return Reply(device, request.unique, 0, &out, sizeof(out));
    }
    case FUSE_GETATTR: {
        fuse_attr_out out = {};
        out.attr = Attributes(request.nodeid);
        return Reply(device, request.unique, 0, &out, sizeof(out));
    }
    case FUSE_OPEN: {
        const fuse_open_out out = {1, 0, 0};
        return Reply(device, request.unique, 0, &out, sizeof(out));
    }
    case FUSE_READ: {
        const std::string content(FILE_SIZE, '\0');
        return Reply(device, request.unique, 0, content.data(), content.size());
    }
    case FUSE_FLUSH:
    case FUSE_RELEASE:
        return Reply(device, request.unique, 0);
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        return;
    default:
        return Reply(device, request.unique, ENOSYS);
    }
}

} // namespace

Fuse::Fuse()
    : shared(static_cast<Shared *>(mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                                        MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    if (shared == MAP_FAILED)
        throw std::runtime_error("mmap");
    chmod(directory.Path().c_str(), 0755);
    server = fork();
    if (server == 0)
        Serve();
}

void Fuse::Serve() const {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    const std::string options =
        "fd=" + std::to_string(device) + ",rootmode=40000,user_id=0,group_id=0,allow_other";
    if (device < 0 ||
        mount("none", directory.Path().c_str(), "fuse", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
        _exit(1);
    shared->mounted = 1;
    std::vector<char> buffer(1 << 18);
    for (;;) {
        const ssize_t length = read(device, buffer.data(), buffer.size());
        fuse_in_header request = {};
        if (length < static_cast<ssize_t>(sizeof(request))) {
            if (length < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT))
                continue;
            _exit(0);
        }
        std::memcpy(&request, buffer.data(), sizeof(request));
        if (shared->stopped != 0 && request.opcode != FUSE_FORGET &&
            request.opcode != FUSE_INTERRUPT)
            shared->unanswered = shared->unanswered + 1;
        else
            Answer(device, request);
    }
}

std::unique_ptr<Fuse> Fuse::Mount() {
    std::unique_ptr<Fuse> fuse(new Fuse());
    const bool decided = WaitFor(
        [&] { return fuse->shared->mounted != 0 || waitpid(fuse->server, nullptr, WNOHANG) != 0; });
    if (decided && fuse->shared->mounted != 0)
        return fuse;
    fuse->server = 0;
    return nullptr;
}

bool Fuse::AwaitRequest() const {
    return WaitFor([this] { return shared->unanswered != 0; });
}

void Fuse::Abort() noexcept {
    if (server <= 0)
        return;
    kill(server, SIGKILL);
    waitpid(server, nullptr, 0);
    server = 0;
    umount2(directory.Path().c_str(), MNT_DETACH);
}

Fuse::~Fuse() {
    Abort();
    munmap(shared, sizeof(Shared));
}

} // namespace harness
