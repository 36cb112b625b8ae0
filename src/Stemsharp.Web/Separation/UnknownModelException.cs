namespace Stemsharp.Web.Separation;

/// <summary>A model that the server does not know; one whose files are missing is a <see cref="ModelException"/> of no such kind.</summary>
internal sealed class UnknownModelException(string message) : ModelException(message);
