"""The live channel beside plain Flask-SocketIO, Node's socket.io and a C loop of send()."""
