#pragma once

namespace standin {

/// Whether the other side's kernel has acknowledged all that was sent on this TCP socket, also once it has been reset:
/// its queue is empty then and says nothing. False on a socket that is not TCP, or where the kernel does not tell.
bool all_acknowledged(int socket);

}  // namespace standin
