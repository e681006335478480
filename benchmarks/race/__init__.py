"""The live channel beside others: plain Flask-SocketIO, Node's socket.io, a C loop of send()."""
