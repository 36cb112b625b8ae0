namespace Stemsharp.Cli.Hosting;

/// <summary>Another program listens where a server should.</summary>
/// <param name="message">Where, and what to do.</param>
/// <param name="innerException">What the system said.</param>
internal sealed class AddressInUseException(string message, Exception innerException) : StemsharpException(message, innerException);
