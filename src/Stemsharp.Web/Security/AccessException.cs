namespace Stemsharp.Web.Security;

/// <summary>Why a request is not let in.</summary>
internal enum AccessErrorKind
{
    /// <summary>It calls the server by a name that is not its own.</summary>
    WrongHost,

    /// <summary>It comes from another site.</summary>
    CrossSite,

    /// <summary>It comes from the network, and is for the server's own machine.</summary>
    OwnMachineOnly,

    /// <summary>It has not come by TLS.</summary>
    InTheClear,
}

/// <summary>A request that is not let in.</summary>
internal sealed class AccessException(AccessErrorKind kind, string message) : Exception(message)
{
    public AccessErrorKind Kind => kind;
}
