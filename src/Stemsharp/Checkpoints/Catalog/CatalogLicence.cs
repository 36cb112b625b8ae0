namespace Stemsharp.Checkpoints.Catalog;

/// <summary>A licence as somebody stated it.</summary>
/// <param name="Text">What was stated, on one line.</param>
/// <param name="StatedBy">Who stated it, and where.</param>
/// <param name="Link">Where it can be read.</param>
/// <param name="MustBeAccepted">Whether the publisher demands that it is accepted before a download.</param>
internal sealed record CatalogLicence(string Text, string StatedBy, Uri? Link, bool MustBeAccepted);
